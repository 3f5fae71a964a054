"""The card of a filter: name, attribute distribution, images for and against, class weights."""

from dataclasses import replace

import numpy as np
import streamlit as st

from fieldmarks.core.explanations.filter_prediction import FilterPrediction, filter_prediction
from fieldmarks.core.name_status import MAX_Q
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import heading, labels, links
from fieldmarks.dashboard.components import add_words, being_computed
from fieldmarks.dashboard.filter import classes, contradictions, crops, distribution, sentences
from fieldmarks.dashboard.filter import view as filter_view
from fieldmarks.dashboard.filter.view import FilterView
from fieldmarks.dashboard.labels import Naming, filter_name


def show(run: Run, f: int) -> None:
    """Draw the whole card."""
    step_bar(run, f)
    name = "" if labels.namings(run)[f] == Naming.NONE else f": {filter_name(run, f)}"
    heading.tab(f"Filter {f}{name}")
    if not run.has_words:
        without_words(run, f)
        return
    view = filter_view.read(run, f)
    title(view)
    filter_view.choices(view)
    left, right = st.columns([5, 7], gap="large")
    with left:
        distribution.show(view)
    with right:
        crops.top_activating(view)
    contradictions.show(view)
    crops.several_meanings(view)
    left, right = st.columns([5, 7], gap="large")
    with left:
        classes.class_weights(run, f)
    with right:
        classes.activation_by_class(run, f)
    classes.captions(view)


def without_words(run: Run, f: int) -> None:
    """Draw what is known of a filter where no attribute is: what activates it, and its use."""
    row = run.filters.iloc[f]
    st.title(f"Filter {f}", anchor=False)
    top_c = heading.plain(labels.class_name(run, int(row["top_c"])))
    selectivity = row["selectivity"]
    told = f" · class selectivity {selectivity:.2f}" if np.isfinite(selectivity) else ""
    st.caption(f"Largest weight for {top_c}{told}")
    crops.most_active(run, f)
    left, right = st.columns([5, 7], gap="large")
    with left:
        classes.class_weights(run, f)
    with right:
        classes.activation_by_class(run, f)
    add_words.show(run, "With words, the card says which of them the filter stands for, and where.")


def step_bar(run: Run, f: int) -> None:
    """Draw the links to the list and to the previous and next filter."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            "app_pages/filters.py",
            label="All filters",
            icon=":material/arrow_back:",
            query_params=links.params(),
        )
        st.space("stretch")
        for label, step in (("Previous", -1), ("Next", 1)):
            st.page_link(
                "app_pages/filters.py",
                label=label,
                icon=":material/chevron_left:" if step < 0 else ":material/chevron_right:",
                icon_position="left" if step < 0 else "right",
                query_params=links.params(f=(f + step) % run.sizes["F"]),
                help=f"Filter {(f + step) % run.sizes['F']}",
            )


def title(view: FilterView) -> None:
    """Draw the filter's name, the result of its permutation test and its simulation score."""
    run, f = view.run, view.f
    row = run.filters.iloc[f]
    seen, naming = labels.seen_name(run, f), labels.namings(run)[f]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(f"Filter {f}: {heading.plain(filter_name(run, f))}", anchor=False, width="content")
        if seen:
            st.badge(
                "seen",
                color="blue",
                icon=":material/visibility:",
                help="What its most active cells predict, and captions of its strongest images "
                f"name, by `{labels.SEEN_BY}`.",
            )
        if naming == Naming.CAPTIONS:
            st.badge(
                "by captions",
                color="green",
                icon=":material/verified:",
                help="A filter is named by attributes whose p(t | f) is significant against "
                f"captions permuted between classes, at a false discovery rate of {MAX_Q:.0%}.",
            )
    if seen:
        st.caption(sentences.of_seen(seen, labels.SEEN_BY, view.estimator))
    if not being_computed.note(run, "names"):
        st.caption(sentences.of_status(run, f))
    prediction = prediction_of(view)
    best = prediction.best_t if prediction else -1
    phrase = heading.plain(labels.phrase(run, best)) if best >= 0 else ""
    st.markdown(
        sentences.of_prediction(prediction, phrase, view.estimator),
        help="The share of an image's captions that name t, weighted by p(t | f), is a prediction "
        "of the activation. The percentage is the square of its correlation with the activation "
        "over captioned test images: the part of the variance that a line through the prediction "
        "explains, 0 where the correlation is negative. The one best word is chosen on training "
        "images. Words of other filters: the mean over 100 other filters.",
    )
    st.caption(
        f"Entropy of p(t | f): {_entropy(view):.1f} of {np.log2(run.sizes['T']):.1f} bits · "
        + f"class selectivity {row['selectivity']:.2f} · " * bool(np.isfinite(row["selectivity"]))
        + "largest weight for "
        f"{heading.plain(labels.class_name(run, int(row['top_c'])))}"
    )


def prediction_of(view: FilterView) -> FilterPrediction | None:
    """Return what captions predict; by the default estimator with the figure of the list."""
    prediction = filter_prediction(view.run, view.f, view.estimator)
    r = view.run.filters["simulation"].iloc[view.f]
    if prediction is None or not view.is_default or not np.isfinite(r):
        return prediction
    return replace(prediction, correlation=float(r))


def _entropy(view: FilterView) -> float:
    p = np.asarray(view.run.array("p_t_given_f", view.estimator)[view.f], float)
    return float(-(p[p > 0] * np.log2(p[p > 0])).sum())
