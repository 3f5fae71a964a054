"""The confusion matrix: every true class against every predicted one; a cell lists its images."""

import numpy as np
import streamlit as st

from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.confusion import confusion_matrix
from fieldmarks.core.scores.similarity_order import similarity_order
from fieldmarks.dashboard import labels, links
from fieldmarks.dashboard.components.register import matrix_component
from fieldmarks.dashboard.figures.confusion import matrix
from fieldmarks.dashboard.state import Key, Page, bound, choice, here

ORDERS = {"similar": "Similar classes together", "number": "By class number"}


@per_run
def _counts_and_order(run: Run) -> tuple[np.ndarray, np.ndarray]:
    counts = confusion_matrix(run)
    return counts, similarity_order(counts, np.asarray(run.weights(None)))


def show(run: Run) -> None:
    """Draw the matrix of all test images; its cells lead to the grid."""
    counts, similar = _counts_and_order(run)
    if not counts.sum():
        st.info("This run has no test images.", icon=":material/info:")
        return
    n_wrong = int(counts.sum() - np.trace(counts))
    order = choice(Key.ORDER, ORDERS, "similar")
    with st.container(horizontal=True, vertical_alignment="center"):
        n_pairs = int((counts > 0).sum() - (np.diag(counts) > 0).sum())
        st.markdown(f"**{n_wrong:,}** failures in {n_pairs:,} cells", width="content")
        st.space("stretch")
        st.segmented_control(
            "Order",
            list(ORDERS),
            format_func=ORDERS.__getitem__,
            required=True,
            label_visibility="collapsed",
            help="An average-linkage tree on how often two classes are confused with each other, "
            "and on the cosine of their class weights.",
            **bound(Key.ORDER, order, default="similar", scope="confusion"),
        )
    cs = similar if order == "similar" else np.arange(len(counts))
    names = [labels.class_name(run, int(c)) for c in cs]
    kept = set(links.LIST_KEYS) - {Key.VIEW, Key.PAGE, Key.SHOW}
    cell = here(Page.IMAGES, kept, **{Key.TRUE: "TRUE", Key.PREDICTED: "PREDICTED"})
    matrix_component(
        data=matrix(counts[np.ix_(cs, cs)])
        | {
            "names": names,
            "cs": cs.tolist(),
            "label": f"Confusion matrix of {len(counts)} classes",
            "href": cell,
            "href_right": f"{cell}&{Key.SHOW}=right",
        },
        key=f"confusion.{run.name}",
    )
    st.caption(
        "Rows: true class; columns: predicted class. A cell lists its images. Orange: share of "
        "the true class's test images with this wrong prediction. Grey: the diagonal, classified "
        "correctly. Empty cells hold no image. Arrow keys go to other cells."
    )
