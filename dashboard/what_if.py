"""What if the network had not seen that: attributes and filters off, weaker or doubled, at once.

Everything here follows exactly from the linear head (`core.ablation`); the network is not run. The
section is a fragment: moving a slider repaints it alone.
"""

import numpy as np
import pandas as pd
import streamlit as st

from core.ablation import Outcome, filter_scale, what_if
from core.carriers import carriers
from core.claim import Claim, check_claim
from core.counterfactual import Change, smallest_attribute_change, smallest_filter_change
from core.run import Run
from core.words import join
from dashboard import data, filter_name, gallery, heading, links
from dashboard.gallery import Line, Picture

N_FILTERS = 6
N_CLASSES = 6
N_FLIPPED = 12
_REMOVED, _AS_SEEN, _DOUBLED = 0.0, 1.0, 2.0


@st.cache_resource(max_entries=256, show_spinner=False)
def _changes(_run: Run, key: str, x: int, c: int) -> tuple[Change, Change]:
    return smallest_attribute_change(_run, x, c), smallest_filter_change(_run, x, c)


@st.cache_resource(max_entries=256, show_spinner=False)
def _claim(_run: Run, key: str, x: int, c: int, ts: tuple[int, ...]) -> Claim:
    return check_claim(_run, x, c, list(ts))


@st.fragment
def show(run: Run, x: int, c: int, versus: int) -> None:
    """Draw the what-if of image x, answered as class c, where ``versus`` was wanted."""
    heading.section(
        "What if",
        "Take away what the network saw, or double it, and read what it would answer. Exact: the "
        "last layer is linear.",
        help="An attribute at 0 takes from each filter its share p(t | f); at 2 it adds it again.",
    )
    scope = f"what_if.{run.name}.{x}.{c}.{versus}"
    of_words, of_filters = _changes(run, data.identity(run), x, versus)
    left, right = st.columns([7, 6], gap="medium")
    with left:
        scale = sliders(run, x, c, versus, *_wanted(of_words, of_filters), scope)
    with right:
        probabilities(run, what_if(run, [x], scale), c, versus)
        smallest(run, of_words, of_filters, versus, scope)
    claim(run, x, c)
    everywhere(run, scale, scope)


def _wanted(*changes: Change) -> list[list[int]]:
    """Return what each change needs a slider or a switch for, where it succeeds."""
    return [[*change.factors] if change.succeeds else [] for change in changes]


def sliders(
    run: Run, x: int, c: int, versus: int, more_ts: list[int], more_fs: list[int], scope: str
) -> np.ndarray:
    """Draw a slider for each attribute and a switch for each filter; return the filters' scale.

    Both sentences' attributes and the filters behind the first of them, and those of the smallest
    changes, ``more_ts`` and ``more_fs``.
    """
    spoken = [*data.explain(run, x, c).attributes, *data.explain(run, x, versus).attributes]
    ts = list(dict.fromkeys([*spoken, *more_ts]))
    behind = carriers(run, x, c, spoken[0], N_FILTERS).fs.tolist() if spoken else []
    fs = list(dict.fromkeys([*behind, *more_fs]))
    with st.grid(3, min_column_width=130, gap="small"):
        attributes = {
            t: st.slider(
                heading.plain(links.phrase(run, t)),
                _REMOVED,
                _DOUBLED,
                _AS_SEEN,
                0.25,
                format="%.2f×",
                key=f"{scope}.t{t}",
            )
            for t in ts
        }
    off = st.pills(
        "Filters, switched off",
        fs,
        selection_mode="multi",
        wrap=True,
        format_func=lambda f: f"{f} {heading.plain(filter_name.name(run, f))}",
        key=f"{scope}.f",
        help="The filters behind the first word of the sentence, and those of the smallest change.",
    )
    changed = {t: factor for t, factor in attributes.items() if factor != _AS_SEEN}
    if changed or off:
        st.button(
            "As it was",
            icon=":material/undo:",
            type="tertiary",
            on_click=reset,
            args=([f"{scope}.t{t}" for t in ts], f"{scope}.f"),
            key=f"{scope}.reset",
        )
    return filter_scale(run.array("p_t_given_f"), changed, dict.fromkeys(off, _REMOVED))


def reset(sliders: list[str], filters: str) -> None:
    """Set every attribute and filter as the network saw it."""
    st.session_state.update(dict.fromkeys(sliders, _AS_SEEN))
    st.session_state[filters] = []


def probabilities(run: Run, outcome: Outcome, c: int, versus: int) -> None:
    """Draw the class probabilities before and after, the classes that matter first."""
    before, after = outcome.before[0], outcome.after[0]
    order = np.argsort(-np.maximum(before, after), kind="stable")[:N_CLASSES]
    shown = list(dict.fromkeys([c, versus, *order.tolist()]))[:N_CLASSES]
    answer = links.name(run, int(after.argmax()))
    verb = "would now be" if outcome.is_flipped[0] else "stays"
    st.markdown(f"The answer {verb} **{heading.plain(answer)}**.")
    table = pd.DataFrame(
        {
            "Class": [links.name(run, k) for k in shown],
            "Before": before[shown],
            "After": after[shown],
        }
    )
    bar = {"min_value": 0.0, "max_value": 1.0, "format": "percent"}
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        column_config={
            "Before": st.column_config.ProgressColumn(help="Softmax probability as it was", **bar),
            "After": st.column_config.ProgressColumn(help="Softmax probability now", **bar),
        },
    )


def smallest(run: Run, of_words: Change, of_filters: Change, wanted: int, scope: str) -> None:
    """Say which smallest change gives the wanted answer, of attributes and of filters."""
    name = heading.plain(links.name(run, wanted))
    if of_words.succeeds and not of_words.factors:
        st.caption(f"{name} is the answer already.")
        return
    st.markdown(f"Smallest change that gives **{name}**:")
    if of_words.succeeds:
        removed, doubled = (
            [heading.plain(links.phrase(run, t)) for t, k in of_words.factors.items() if k == each]
            for each in (_REMOVED, _DOUBLED)
        )
        parts = [f"without {join(removed)}"] if removed else []
        parts += [f"with twice {join(doubled)}"] if doubled else []
        state = {f"{scope}.t{t}": factor for t, factor in of_words.factors.items()}
        _offer(f"{', '.join(parts)}{_proof(of_words)}", state, f"{scope}.try")
    else:
        st.caption("No short list of attributes, removed or doubled, gives it.")
    if of_filters.succeeds:
        fs = [*of_filters.factors]
        named = f"without filter{'' if len(fs) == 1 else 's'} {join([str(f) for f in fs])}"
        _offer(f"{named}{_proof(of_filters)}", {f"{scope}.f": fs}, f"{scope}.try_filters")


def _proof(change: Change) -> str:
    return "" if change.is_smallest else f" (fewer than {change.n_least} cannot do it)"


def _offer(what: str, state: dict, key: str) -> None:
    """Draw a change with the button that makes it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(what, width="content")
        st.button("Try it", on_click=st.session_state.update, args=(state,), key=key)


def claim(run: Run, x: int, c: int) -> None:
    """Say whether the sentence names what moves the prediction."""
    ts = tuple(data.explain(run, x, c).attributes)
    tested = _claim(run, data.identity(run), x, c, ts)
    icon = ":material/verified:" if tested.holds else ":material/unpublished:"
    (st.success if tested.holds else st.warning)(heading.plain(tested.sentence()), icon=icon)


def everywhere(run: Run, scale: np.ndarray, scope: str) -> None:
    """Say what the same change would do to all test images, when asked."""
    if not np.any(scale != 1):
        return
    if st.button("What would this do to all test images?", key=f"{scope}.all"):
        outcome = what_if(run, np.flatnonzero(~run.images["is_train"]), scale)
        st.markdown(outcome.sentence())
        flipped = outcome.xs[outcome.is_gained | outcome.is_lost][:N_FLIPPED]
        gained = set(outcome.xs[outcome.is_gained].tolist())
        cards = [
            Picture(
                src=data.thumb(run, x),
                alt=gallery.describe_image(run, x),
                href=links.image(run, x),
                lines=[Line("now right" if x in gained else "now wrong")],
            )
            for x in flipped.tolist()
        ]
        gallery.show(cards, key=f"{scope}.flipped", width=110, to_top=True)
