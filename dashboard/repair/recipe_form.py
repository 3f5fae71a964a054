"""The recipe of a repair: in the URL, and as a form."""

import numpy as np
import pandas as pd
import streamlit as st

from fieldmarks.core.errors import FieldmarksError
from fieldmarks.core.repair.doubted_labels import doubted_labels
from fieldmarks.core.repair.recipe import Labels, Recipe, has_backgrounds
from fieldmarks.core.run.phrases import t_of_phrase
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import labels, links
from fieldmarks.dashboard.state import Key, choice, notice, text, update

#: Parameters of the URL that make up a recipe.
KEYS = (
    Key.LABELS, Key.BALANCE, Key.OFF, Key.BACKGROUND, Key.CLASSES, Key.HARD, Key.REFIT
)  # fmt: skip
LABELS = {
    Labels.KEEP: "Keep",
    Labels.DROP: "Leave out",
    Labels.CORRECT: "Correct",
}
MOST_HARD = 10
#: Attributes to choose from, the most frequent: a browser cannot hold ten thousand in a list.
N_LISTED = 500


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
        is_refitted=text(Key.REFIT) != "none",
    )


def _named(run: Run, key: Key) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the attributes and the filters that the URL names: ``white belly,filter 12``."""
    known, ts, fs = t_of_phrase(run), [], []
    for part in filter(None, map(str.strip, text(key).split(","))):
        f = part.removeprefix(links.FILTER)
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
        update(
            **{
                Key.LABELS: None if state[key("labels")] == Labels.KEEP else state[key("labels")],
                Key.BALANCE: links.named(run, state[key("balance")]),
                Key.OFF: links.named(run, state[key("off")], _numbers(state[key("filters")])),
                Key.BACKGROUND: "exchanged" if state[key("background")] else None,
                Key.CLASSES: "balanced" if state[key("classes")] else None,
                Key.HARD: None if state[key("hard")] == 1 else state[key("hard")],
                Key.REFIT: None if state[key("refit")] else "none",
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
                help="Labels that the diagnosis or a verdict suspects, except those that a "
                "reviewer confirmed. Correct: use the class that the diagnosis suggests.",
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
                "Scales every filter by one minus its p(t | f).",
                key("off"),
            )
            st.text_input(
                "Remove filters",
                ", ".join(map(str, recipe.off_filters)),
                placeholder="numbers, e.g. 12, 40",
                key=key("filters"),
            )
            st.toggle(
                "Refit the last layer",
                recipe.is_refitted,
                help="Off: words and filters are removed from the last layer, and nothing is "
                "fitted. A refit often brings back what was removed, because the training images "
                "reward it.",
                key=key("refit"),
            )
        st.form_submit_button("Preview", icon=":material/preview:", on_click=write)


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


def n_doubted(run: Run, verdicts: pd.DataFrame | None) -> int | None:
    """Return how many labels of training images are suspected; None where nothing says so."""
    try:
        is_doubted = doubted_labels(run, verdicts)
    except FieldmarksError:
        return None
    return int((is_doubted & run.images["is_train"].to_numpy(bool)).sum())


def _how_many(run: Run, verdicts: pd.DataFrame | None) -> str:
    n = n_doubted(run, verdicts)
    if n is None:
        return f"No diagnoses: `fieldmarks suspects {run.name}`."
    return f"{n:,} of {int(run.images['is_train'].sum()):,} are suspected."
