"""The attribute distribution of a filter: bars, the null band, and links of the chosen word."""

import numpy as np
import streamlit as st

from fieldmarks.core.name_status import MAX_Q
from fieldmarks.dashboard import heading, labels, links
from fieldmarks.dashboard.figures import charts
from fieldmarks.dashboard.filter.view import FilterView
from fieldmarks.dashboard.state import Key, picked, update

CHART = "filter.p_t_given_f"


def show(view: FilterView) -> None:
    """Draw p(t given f) as bars; a click on one chooses the word."""
    run, ts = view.run, view.ts
    has_band = view.is_default and "names" not in run.pending
    heading.section(
        "Attribute distribution p(t | f)",
        "Green: significant. Grey band: not significant, by permuted captions."
        if has_band
        else ""
        if view.is_default
        else f"The permutation test was made for `{run.default_estimator}`, so there is no band.",
        help="Sums to 1 over all attributes. Grey band: values of p(t | f) that are not "
        "significant against captions permuted between classes (false discovery rate q of "
        f"{MAX_Q:.0%} or more); a rare attribute can have a wide band. Green bars exceed it.",
    )
    p = run.array("p_t_given_f", view.estimator)[view.f, ts]
    is_green = labels.is_significant(run, view.f)[ts] & view.is_default
    st.plotly_chart(
        charts.attribute_bars(
            ts,
            p,
            [labels.phrase(run, t) for t in ts],
            colour=np.where(is_green, charts.SIGNIFICANT, charts.NEUTRAL),
            null_high=run.array("null_high")[view.f, ts] if has_band else None,
            symbol="p(t | f)",
        ),
        key=CHART,
        on_select=lambda: _choose(view),
        selection_mode="points",
        config={"displayModeBar": False},
        alt=f"p(t | f) of the most probable attributes of filter {view.f}",
    )
    st.caption(_numbers(view))
    _word_links(view)


def _choose(view: FilterView) -> None:
    clicked = [int(t) for t in picked(CHART)]
    if clicked and clicked[0] in view.ts:
        update(**{str(Key.T): labels.phrase(view.run, clicked[0])})


def _numbers(view: FilterView) -> str:
    run, f, t = view.run, view.f, view.t
    p = run.array("p_t_given_f", view.estimator)[f, t]
    said = f"“{view.phrase}”: p(t | f) = {p:.4f}"
    if view.is_default and "names" not in run.pending:
        said += (
            f", significant above {run.array('null_high')[f, t]:.4f}; false discovery rate "
            f"q = {run.array('q_value')[f, t]:.3f}"
        )
    return said


def _word_links(view: FilterView) -> None:
    phrase = labels.phrase(view.run, view.t)
    of_estimator = None if view.is_default else view.estimator
    with st.container(horizontal=True):
        st.page_link(
            "app_pages/images.py",
            label=f"Images with “{view.phrase}”",
            icon=":material/search:",
            query_params=links.params(q=phrase),
        )
        st.page_link(
            "app_pages/filters.py",
            label="Filters behind this heatmap",
            icon=":material/grid_view:",
            query_params=links.params(t=phrase, estimator=of_estimator),
            help="The filters with the largest weights in the heatmap of this attribute.",
        )
        st.page_link(
            "app_pages/images.py",
            label="Its heatmap",
            icon=":material/my_location:",
            query_params=links.params(
                x=int(view.run.array("top_images")[view.f, 0]),
                tab="grounding",
                words=phrase,
                estimator=of_estimator,
            ),
            help="In the image that activates the filter most, by the same estimator.",
        )
