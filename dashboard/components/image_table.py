"""A list of images as a table."""

import numpy as np
import streamlit as st

from fieldmarks.core.run.run import Run
from fieldmarks.core.search.image_selection import sentence_words
from fieldmarks.dashboard.state import picked_rows, update


def show(run: Run, xs: np.ndarray) -> None:
    """Draw the list as a table; a click on a row opens the image."""
    images, names = run.images.iloc[xs], run.classes["name"].to_numpy()
    phrases = np.array([*run.attributes["phrase"], ""], dtype=object)
    first = sentence_words(run, "predicted")[xs, 0]
    shown = images[["path"]].assign(
        image=xs,
        predicted=names[images["predicted_c"]],
        confidence=images["confidence"],
        true=names[images["true_c"]],
        p_true=images["p_true"],
        first_word=phrases[first],  # -1 for none is the empty one
    )

    def open_row() -> None:
        rows = picked_rows("failures.table")
        if rows:
            update(x=int(xs[rows[0]]))

    st.dataframe(
        shown[["image", "predicted", "confidence", "true", "p_true", "first_word", "path"]],
        hide_index=True,
        height=620,
        key="failures.table",
        on_select=open_row,
        selection_mode="single-row",
        alt="The images of the list, one per row",
        column_config={
            "image": st.column_config.NumberColumn("Image x", width="small"),
            "predicted": "Predicted",
            "confidence": st.column_config.ProgressColumn(
                "Confidence", min_value=0, max_value=1, format="%.2f", width="small"
            ),
            "true": "True",
            "p_true": st.column_config.NumberColumn(
                "p(true)", format="%.3f", help="Softmax probability of the labelled class"
            ),
            "first_word": st.column_config.TextColumn(
                "First attribute", help="First in the sentence for the predicted class"
            ),
            "path": st.column_config.TextColumn("File", width="large"),
        },
    )
