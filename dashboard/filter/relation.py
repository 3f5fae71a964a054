"""Whether classes with selective filters or sparse words are recognised better: two charts."""

import numpy as np
import streamlit as st

from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.filters.class_properties import Relation, class_properties, relation
from fieldmarks.dashboard import heading, labels
from fieldmarks.dashboard.components import being_computed
from fieldmarks.dashboard.figures import charts
from fieldmarks.dashboard.state import Key, bound, text

OPEN = "accuracy"
#: Property of a class: its title, its axis, and what it is.
PROPERTIES = {
    "sparseness": (
        "Sparseness of the class's words",
        "sparseness of p(t | c)",
        "0 if all words are equally probable, 1 if one word has all (Hoyer, 2004).",
    ),
    "selectivity": (
        "Selectivity of the class's filters",
        "mean class selectivity",
        "Of Morcos et al. (2018), weighted by the filters' parts of its positive weights.",
    ),
}


def show(run: Run) -> None:
    """Draw a folded section; nothing is computed before it is opened."""
    is_open = text(Key.VIEW) == OPEN
    section = st.expander(
        "Do selective filters and sparse words go with accuracy?",
        icon=":material/scatter_plot:",
        **bound(Key.VIEW, is_open, lambda opened: OPEN if opened else None, scope="relation"),
    )
    if not section.open:
        return
    with section:
        _charts(run)


def _charts(run: Run) -> None:
    if being_computed.note(run, "names"):
        return
    classes = class_properties(run)
    st.caption(
        "One dot is a class of this run. Guo et al. (WACV workshops, 2022) relate both to the "
        "accuracy of networks; here they are compared over the classes of one network."
    )
    for column, (name, (title, axis, meaning)) in zip(
        st.columns(2, gap="large"), PROPERTIES.items(), strict=True
    ):
        values, accuracy = classes[name].to_numpy(float), classes["accuracy"].to_numpy(float)
        with column:
            heading.section(title, in_words(relation(values, accuracy)), help=meaning)
            st.plotly_chart(
                charts.class_scatter(
                    values, accuracy, [labels.class_name(run, int(c)) for c in classes.index], axis
                ),
                key=f"filters.relation.{name}",
                config={"displayModeBar": False},
                alt=f"{title} and test accuracy, one dot per class",
            )


def in_words(result: Relation) -> str:
    """Return what a rank correlation says, plainly."""
    if not np.isfinite(result.low):
        return f"No relation can be measured over {result.n} classes."
    numbers = (
        f"Spearman's ρ = {result.rho:.2f}, 95 % interval {result.low:.2f} to {result.high:.2f}, "
        f"{result.n} classes"
    )
    if not result.is_shown:
        return f"**No relation is shown.** {numbers}; p = {result.p_value:.2f} (permutation test)."
    direction = "more" if result.rho > 0 else "less"
    return f"**Higher values go with {direction} accuracy.** {numbers}; p = {result.p_value:.3f}."
