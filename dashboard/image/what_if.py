"""What-if analysis: attributes and filters removed, weakened or doubled, several at once.

Everything here follows from the head (`core.explanations.ablation`), exactly or to first order; the
network is not run. The changes are part of the URL and of the links of the page.
"""

import numpy as np
import pandas as pd
import streamlit as st

from fieldmarks.core.attributes.english import join
from fieldmarks.core.explanations.ablation import AblationResult, filter_scale, what_if
from fieldmarks.core.explanations.contributions import filter_contributions
from fieldmarks.core.explanations.counterfactual import (
    Counterfactual,
    smallest_attribute_change,
    smallest_filter_change,
)
from fieldmarks.core.head import COSINE, FIRST_ORDER, LAYER_NORM, LINEAR
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import gallery
from fieldmarks.dashboard.components.gallery import Line, Picture
from fieldmarks.dashboard.image import what_if_url
from fieldmarks.dashboard.image.what_if_url import HIGHEST, LOWEST, STEP, UNCHANGED, Changes
from fieldmarks.dashboard.state import Key, update

TITLE = "What if"
#: How far the new prediction is that of the network, by the kind of its head.
HOW_EXACT = {
    LINEAR: "Exact, because the last layer is linear.",
    LAYER_NORM: "Exact: the last layer normalises what remains and is linear in it.",
    COSINE: "Exact: the last layer normalises what remains and is linear in it.",
    FIRST_ORDER: "An estimate: class scores are not linear in activations, and gradients at "
    "this image are used instead.",
}
N_FILTERS = 6
N_CLASSES = 6
N_FLIPPED = 12


@per_run(most=256)
def _smallest(run: Run, x: int, c: int) -> tuple[Counterfactual, Counterfactual]:
    return smallest_attribute_change(run, x, c), smallest_filter_change(run, x, c)


def show(run: Run, x: int, c: int, versus: int) -> None:
    """Draw the what-if of image x, explained as class c, with ``versus`` as the target class."""
    heading.section(
        TITLE,
        "Remove, weaken or double attributes and filters and read the new prediction. "
        + HOW_EXACT[run.head.kind],
        help="An attribute at 0 removes the share p(t | f) from each filter; at 2 it adds that "
        "share once more.",
    )
    scope = f"what_if.{run.name}.{x}.{c}.{versus}"
    smallest = _smallest(run, x, versus)
    asked = what_if_url.changes_from_url(run)
    left, right = st.columns([7, 6], gap="medium")
    with left:
        sliders(run, x, c, versus, smallest, asked, scope)
    scale = filter_scale(run.array("p_t_given_f"), asked.factors, dict.fromkeys(asked.off, LOWEST))
    with right:
        changed_probabilities(run, what_if(run, [x], scale), c, versus)
        offers(run, *smallest, versus, scope)
    everywhere(run, x, scale, scope)


def sliders(
    run: Run, x: int, c: int, versus: int, smallest: tuple, asked: Changes, scope: str
) -> None:
    """Draw a slider for each attribute and a switch for each filter, set as the URL asks.

    The attributes of both sentences, the filters that contribute most to the first one, those of
    the smallest changes, and those that are changed.
    """
    more_ts, more_fs = ([*each.factors] if each.succeeds else [] for each in smallest)
    sentence_ts = [*data.explain(run, x, c).attributes, *data.explain(run, x, versus).attributes]
    ts = list(dict.fromkeys([*sentence_ts, *more_ts, *asked.factors]))
    contributing = (
        filter_contributions(run, x, c, sentence_ts[0], N_FILTERS).fs.tolist()
        if sentence_ts
        else []
    )
    fs = list(dict.fromkeys([*contributing, *more_fs, *asked.off]))
    keys, filters_key = {t: f"{scope}.t{t}" for t in ts}, f"{scope}.f"

    def write() -> None:
        factors = {t: st.session_state[key] for t, key in keys.items()}
        moved = {t: factor for t, factor in factors.items() if factor != UNCHANGED}
        put(run, Changes(moved, st.session_state[filters_key]))

    with st.grid(3, min_column_width=130, gap="small"):
        for t, key in keys.items():
            st.session_state[key] = asked.factors.get(t, UNCHANGED)
            st.slider(
                heading.plain(labels.phrase(run, t)),
                LOWEST,
                HIGHEST,
                step=STEP,
                format="%.2f×",
                key=key,
                on_change=write,
            )
    st.session_state[filters_key] = asked.off
    st.pills(
        "Filters removed",
        fs,
        selection_mode="multi",
        wrap=True,
        format_func=lambda f: f"{f} {heading.plain(labels.filter_name(run, f))}",
        key=filters_key,
        on_change=write,
        help="The filters that contribute most to the first attribute of the sentence, and those "
        "of the smallest change.",
    )
    if asked != Changes():
        st.button(
            "Reset",
            icon=":material/undo:",
            type="tertiary",
            on_click=put,
            args=(run, Changes()),
            key=f"{scope}.reset",
        )


def put(run: Run, wanted: Changes) -> None:
    """Change what the URL asks for; its tab stays open when nothing is asked any more."""
    update(**{Key.IF: what_if_url.to_url(run, wanted), Key.TAB: TITLE.lower()})


def changed_probabilities(run: Run, outcome: AblationResult, c: int, versus: int) -> None:
    """Draw the class probabilities before and after, the classes that matter first."""
    before, after = outcome.before[0], outcome.after[0]
    order = np.argsort(-np.maximum(before, after), kind="stable")[:N_CLASSES]
    shown = list(dict.fromkeys([c, versus, *order.tolist()]))[:N_CLASSES]
    answer = labels.class_name(run, int(after.argmax()))
    verb = "changes to" if outcome.is_flipped[0] else "stays"
    st.markdown(f"The prediction {verb} **{heading.plain(answer)}**.")
    table = pd.DataFrame(
        {
            "Class": [labels.class_name(run, k) for k in shown],
            "Before": 100 * before[shown],
            "After": 100 * after[shown],
        }
    )
    bar = {"min_value": 0.0, "max_value": 100.0, "format": "%.1f%%"}
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        column_config={
            "Before": st.column_config.ProgressColumn(
                help="Softmax probability before the change", **bar
            ),
            "After": st.column_config.ProgressColumn(
                help="Softmax probability after the change", **bar
            ),
        },
    )


def offers(
    run: Run, of_words: Counterfactual, of_filters: Counterfactual, wanted: int, scope: str
) -> None:
    """Draw the smallest changes, of attributes and of filters, that give the target class."""
    name = heading.plain(labels.class_name(run, wanted))
    if of_words.succeeds and not of_words.factors:
        st.caption(f"{name} is already the prediction.")
        return
    st.markdown(f"Smallest change to the prediction **{name}**:")
    if of_words.succeeds:
        removed, doubled = (
            [heading.plain(labels.phrase(run, t)) for t, k in of_words.factors.items() if k == each]
            for each in (LOWEST, HIGHEST)
        )
        parts = [f"without {join(removed)}"] if removed else []
        parts += [f"with twice {join(doubled)}"] if doubled else []
        what = f"{', '.join(parts)}{_proof(of_words)}"
        _offer(run, what, Changes(factors=of_words.factors), f"{scope}.try")
    else:
        st.caption(
            "No small set of attributes, removed or doubled, changes the prediction to this class."
        )
    if of_filters.succeeds:
        fs = [*of_filters.factors]
        named = f"without filter{'' if len(fs) == 1 else 's'} {join([str(f) for f in fs])}"
        _offer(run, f"{named}{_proof(of_filters)}", Changes(off=fs), f"{scope}.try_filters")


def _proof(change: Counterfactual) -> str:
    return "" if change.is_smallest else f" (no change of fewer than {change.n_least} does)"


def _offer(run: Run, what: str, wanted: Changes, key: str) -> None:
    """Draw a change with the button that makes it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(what, width="content")
        st.button("Apply", on_click=put, args=(run, wanted), key=key)


def everywhere(run: Run, x: int, scale: np.ndarray, scope: str) -> None:
    """Apply the same change to the test images of the true class, or to all, when asked."""
    if not np.any(scale != 1):
        return
    c = labels.true_and_predicted(run, x)[0]
    name = heading.plain(labels.class_name(run, c))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Apply the same change to", width="content")
        of_class = st.button(f"test images of {name}", key=f"{scope}.class")
        of_all = st.button("all test images", key=f"{scope}.all")
    if of_class or of_all:
        among = run.is_test
        if of_class:
            among &= run.images["true_c"].to_numpy() == c
        outcome = what_if(run, np.flatnonzero(among), scale)
        st.markdown(outcome.sentence())
        flipped = outcome.xs[outcome.is_gained | outcome.is_lost][:N_FLIPPED]
        gained = set(outcome.xs[outcome.is_gained].tolist())
        cards = [
            Picture(
                src=data.thumb(run, x),
                alt=labels.image_alt(run, x),
                href=links.image(run, x),
                lines=[Line("now right" if x in gained else "now wrong")],
            )
            for x in flipped.tolist()
        ]
        gallery.show(cards, key=f"{scope}.flipped", width=110, to_top=True)
