"""Search and filters of the image list, in one column for all its views."""

import numpy as np
import streamlit as st

from fieldmarks.core.run.run import Run
from fieldmarks.core.search.image_selection import Criteria, select_images, sentence_words
from fieldmarks.dashboard import data, image_filters, labels
from fieldmarks.dashboard.components import query_box
from fieldmarks.dashboard.components.choices import attribute_box, class_box
from fieldmarks.dashboard.images import search_help
from fieldmarks.dashboard.images.selection import SHOWS, Selection
from fieldmarks.dashboard.state import Key, bound, text


def show(run: Run, asked: Selection) -> None:
    """Draw the search field and the widgets that filter and sort the list."""
    criteria = asked.criteria
    query_box.show(run, text(Key.QUERY))
    search_help.show(run, asked.query, data.vocabulary(run))
    st.segmented_control(
        "Prediction",
        list(SHOWS),
        format_func=SHOWS.__getitem__,
        required=True,
        width="stretch",
        **bound(
            Key.SHOW, criteria.show, default=asked.usual_show, scope="images", resets=(Key.PAGE,)
        ),
    )
    st.selectbox(
        "Sort",
        list(asked.orders),
        **bound(Key.SORT, asked.order, default=asked.orders[0], scope="images", resets=(Key.PAGE,)),
    )
    image_filters.cause_box(run)
    for label, key, c, column in (
        ("True class", Key.TRUE, criteria.true, "true_c"),
        ("Predicted class", Key.PREDICTED, criteria.predicted, "predicted_c"),
    ):
        class_box(run, label, key, c, "images", options=_present(run, column, c))
    if run.has_words:
        attribute_box(
            run,
            "Explanation mentions",
            criteria.t,
            "images",
            key=Key.MENTIONS,
            options=sentence_attributes(run, criteria),
            help="In the sentence for the predicted or for the true class.",
        )
    st.slider(
        "Confidence",
        0.0,
        1.0,
        step=0.05,
        help="Softmax probability of the predicted class.",
        **bound(
            Key.SURE,
            criteria.confidence,
            lambda v: f"{v[0]:.2f}-{v[1]:.2f}",
            default=(0.0, 1.0),
            scope="images",
            resets=(Key.PAGE,),
        ),
    )
    image_filters.verdict_boxes(run)


def _present(run: Run, column: str, c: int | None) -> list[int]:
    """Return the classes that test images have in a column, and the one that is asked for."""
    classes = np.unique(run.images[column].to_numpy()[run.is_test]).tolist()
    return classes if c is None or c in classes else [*classes, c]


def sentence_attributes(run: Run, asked: Criteria) -> list[int]:
    """Return the attributes in the sentences of the images, in alphabetical order."""
    xs = select_images(run, Criteria(show=asked.show))
    tops = [sentence_words(run, side)[xs] for side in ("predicted", "true")]
    ts = np.unique(np.concatenate(tops)).tolist()
    ts = sorted((t for t in ts if t >= 0), key=lambda t: labels.phrase(run, t))
    return ts if asked.t is None or asked.t in ts else [*ts, asked.t]
