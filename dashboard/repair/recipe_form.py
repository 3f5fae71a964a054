"""The recipe of a repair: in the URL, as a form, and as links to suggested recipes."""

import numpy as np
import pandas as pd
import streamlit as st

from fieldmarks.core.errors import FieldmarksError
from fieldmarks.core.repair.doubted_labels import doubted_labels
from fieldmarks.core.repair.recipe import Labels, Recipe, has_backgrounds
from fieldmarks.core.run.phrases import t_of_phrase
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, labels, links
from fieldmarks.dashboard.state import Key, choice, notice, text, update

#: Parameters of the URL that make up a recipe.
KEYS = (
    Key.LABELS, Key.BALANCE, Key.OFF, Key.BACKGROUND, Key.CLASSES, Key.HARD
)  # fmt: skip
LABELS = {
    Labels.KEEP: "Keep",
    Labels.DROP: "Leave out",
    Labels.CORRECT: "Correct",
}
MOST_HARD = 10
#: Attributes to choose from, the most frequent: a browser cannot hold ten thousand in a list.
N_LISTED = 500
_FILTER = "filter "


def recipe_from_url(run: Run) -> Recipe:
    """Return the recipe that the URL names; what the run has not is left out with a notice."""
    balanced, _ = _named(run, Key.BALANCE)
    off, off_filters = _named(run, Key.OFF)
    raw = text(Key.HARD)
    hard = int(raw) if raw in map(str, range(1, MOST_HARD + 1)) else 1
    return Recipe(
        labels=Labels(choice(Key.LABELS, list(Labels), Labels.KEEP)),
        ignore_background=text(Key.BACKGROUND) == "exchanged",
        balanced_attributes=balanced,
        off_attributes=off,
        off_filters=off_filters,
        balance_classes=text(Key.CLASSES) == "balanced",
        hard_weight=float(hard),
    )


def _named(run: Run, key: Key) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the attributes and the filters that the URL names: ``white belly,filter 12``."""
    known, ts, fs = t_of_phrase(run), [], []
    for part in filter(None, map(str.strip, text(key).split(","))):
        f = part.removeprefix(_FILTER)
        if part.lower() in known:
            ts.append(known[part.lower()])
        elif part != f and f.isascii() and f.isdigit() and len(f) < 10 and int(f) < run.sizes["F"]:
            fs.append(int(f))
        else:
            notice(f"The link asks for “{part[:60]}”, which this run does not know.")
    return tuple(dict.fromkeys(ts)), tuple(dict.fromkeys(fs))


def form(run: Run, recipe: Recipe, verdicts: pd.DataFrame | None) -> None:
    """Draw the form; its button writes the recipe into the URL."""
    of_recipe = "|".join(text(key) for key in KEYS)  # another link: other widgets

    def key(name: str) -> str:
        return f"repair.{name}.{run.name}.{of_recipe}"

    def write() -> None:
        state = st.session_state
        off = [labels.phrase(run, t) for t in state[key("off")]]
        off += [_FILTER + number for number in _numbers(state[key("filters")])]
        hard = state[key("hard")]
        update(
            **{
                Key.LABELS: None if state[key("labels")] == Labels.KEEP else state[key("labels")],
                Key.BALANCE: ",".join(labels.phrase(run, t) for t in state[key("balance")]),
                Key.OFF: ",".join(off),
                Key.BACKGROUND: "exchanged" if state[key("background")] else None,
                Key.CLASSES: "balanced" if state[key("classes")] else None,
                Key.HARD: None if hard == 1 else hard,
                Key.X: None,
            }
        )

    with st.form("repair.recipe", enter_to_submit=False):
        left, middle, right = st.columns(3, gap="medium")
        with left:
            st.segmented_control(
                "Suspected label errors of training images",
                list(LABELS),
                format_func=LABELS.__getitem__,
                default=recipe.labels,
                required=True,
                help="Suspected by the diagnosis or by a verdict, without those that "
                "a reviewer confirmed. Corrected: the class that the diagnosis suggests.",
                key=key("labels"),
            )
            st.caption(_how_many(run, verdicts))
            st.slider(
                "Weight of misclassified images",
                1,
                MOST_HARD,
                int(recipe.hard_weight),
                help="Weight of a training image that the network gets wrong.",
                key=key("hard"),
            )
        with middle:
            attributes_box(
                run,
                "Balance words",
                recipe.balanced_attributes,
                "Training images of each class with and without the word get equal weight, so "
                "that the "
                "last layer cannot rely on it.",
                key("balance"),
            )
            can_exchange = has_backgrounds(run)
            st.toggle(
                "Ignore the background",
                recipe.ignore_background,
                disabled=not can_exchange,
                help="Adds copies of the training images with background activations of others."
                if can_exchange
                else "Needs the feature maps of all training images: "
                f"`fieldmarks maps {run.name} --images all`.",
                key=key("background"),
            )
            st.toggle(
                "Balance classes",
                recipe.balance_classes,
                help="Training images of small classes get more weight.",
                key=key("classes"),
            )
        with right:
            attributes_box(
                run,
                "Remove words",
                recipe.off_attributes,
                "Scales every filter by one minus its p(t | f), then refits.",
                key("off"),
            )
            st.text_input(
                "Remove filters",
                ", ".join(map(str, recipe.off_filters)),
                placeholder="numbers, e.g. 12, 40",
                key=key("filters"),
            )
        st.form_submit_button("Preview", icon=":material/preview:", type="primary", on_click=write)


def attributes_box(run: Run, label: str, chosen: tuple[int, ...], help: str, key: str) -> None:
    """Draw a choice of several attributes, the most frequent ones."""
    frequent = np.argsort(-run.attributes["n_images"].to_numpy(), kind="stable")[:N_LISTED]
    options = sorted({*frequent.tolist(), *chosen}, key=lambda t: labels.phrase(run, t))
    st.multiselect(
        label,
        options,
        list(chosen),
        format_func=lambda t: labels.phrase(run, t),
        placeholder="choose attributes",
        help=help,
        key=key,
    )


def _numbers(typed: str) -> list[str]:
    return [part for part in typed.replace(",", " ").split() if part]


def _how_many(run: Run, verdicts: pd.DataFrame | None) -> str:
    try:
        is_doubted = doubted_labels(run, verdicts)
    except FieldmarksError:
        return f"No diagnoses: `fieldmarks suspects {run.name}`."
    is_train = run.images["is_train"].to_numpy(bool)
    return f"{int((is_doubted & is_train).sum()):,} of {int(is_train.sum()):,} are suspected."


def suggested_recipes(run: Run) -> None:
    """Draw links to recipes that the diagnoses suggest."""
    if data.diagnoses(run) is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("Suggested by the diagnoses:", width="content")
        st.page_link(
            "app_pages/repair.py",
            label="Leave out suspected label errors",
            icon=":material/auto_fix_high:",
            query_params=links.params(**{Key.LABELS: str(Labels.DROP)}),
            width="content",
        )
