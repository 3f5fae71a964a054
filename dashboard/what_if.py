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
from core.counterfactual import Change, smallest_attribute_change
from core.run import Run
from core.words import join
from dashboard import data, heading, links

N_FILTERS = 6
N_CLASSES = 6
_REMOVED, _AS_SEEN, _DOUBLED = 0.0, 1.0, 2.0


@st.cache_resource(max_entries=256, show_spinner=False)
def _change(_run: Run, key: str, x: int, c: int) -> Change:
    return smallest_attribute_change(_run, x, c)


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
    )
    scope = f"what_if.{run.name}.{x}.{c}.{versus}"
    change = _change(run, data.identity(run), x, versus)
    left, right = st.columns([7, 6], gap="medium")
    with left:
        scale = sliders(run, x, c, versus, change, scope)
    with right:
        probabilities(run, what_if(run, [x], scale), c, versus)
        smallest(run, change, versus, scope)
    claim(run, x, c)
    everywhere(run, scale, scope)


def sliders(run: Run, x: int, c: int, versus: int, change: Change, scope: str) -> np.ndarray:
    """Draw a slider for each attribute and a switch for each filter; return the filters' scale."""
    spoken = [*data.explain(run, x, c).attributes, *data.explain(run, x, versus).attributes]
    ts = list(dict.fromkeys([*spoken, *change.factors]))
    with st.grid(2, min_column_width=170, gap="small"):
        attributes = {
            t: st.slider(
                heading.plain(links.phrase(run, t)),
                _REMOVED,
                _DOUBLED,
                _AS_SEEN,
                0.25,
                format="%.2f×",
                key=f"{scope}.t{t}",
                help="0 removes the attribute: each filter loses its share p(t | f).",
            )
            for t in ts
        }
    fs = carriers(run, x, c, spoken[0], N_FILTERS).fs.tolist() if spoken else []
    off = st.pills(
        f"Filters behind “{heading.plain(links.phrase(run, spoken[0]))}”, switched off",
        fs,
        selection_mode="multi",
        format_func=lambda f: f"filter {f}",
        key=f"{scope}.f",
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
        column_config={
            "Before": st.column_config.ProgressColumn(help="Softmax probability as it was", **bar),
            "After": st.column_config.ProgressColumn(help="Softmax probability now", **bar),
        },
    )


def smallest(run: Run, change: Change, wanted: int, scope: str) -> None:
    """Say which smallest change of attributes gives the wanted answer, and offer to make it."""
    name = heading.plain(links.name(run, wanted))
    if not change.factors and change.succeeds:
        st.caption(f"{name} is the answer already.")
        return
    if not change.succeeds:
        st.caption(f"No change of {max(1, len(change.factors))} attributes or fewer gives {name}.")
        return
    removed, doubled = (
        [heading.plain(links.phrase(run, t)) for t, k in change.factors.items() if k == factor]
        for factor in (_REMOVED, _DOUBLED)
    )
    parts = [f"without {join(removed)}"] if removed else []
    parts += [f"with twice {join(doubled)}"] if doubled else []
    proof = "" if change.is_smallest else f" (fewer than {change.n_least} cannot do it)"
    st.markdown(f"Smallest change found that gives **{name}**: {', and '.join(parts)}{proof}.")
    st.button(
        "Try it",
        icon=":material/play_arrow:",
        on_click=st.session_state.update,
        args=({f"{scope}.t{t}": factor for t, factor in change.factors.items()},),
        key=f"{scope}.try",
    )


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
        gained = outcome.xs[outcome.is_gained][:12]
        for x in gained.tolist():
            st.page_link(
                "app_pages/failures.py", label=f"Image {x}", query_params=links.params(x=x)
            )
