"""A button that saves images as a named group, for the whole team."""

import numpy as np
import streamlit as st

from fieldmarks.core.errors import FieldmarksError
from fieldmarks.core.review.saved_groups import MAX_NAME, SavedGroup
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import heading
from fieldmarks.dashboard.verdicts import dataset, saved_groups


def show(run: Run, xs: np.ndarray, key: str) -> None:
    """Draw the button, and say why a group could not be saved.

    Parameters
    ----------
    run : Run
    xs : ndarray of int
        The images.
    key : str
        Of the form on this page.
    """

    def save() -> None:
        paths = tuple(run.images["path"].iloc[xs].astype(str))
        name = st.session_state[f"{key}.group"].strip()
        try:
            saved_groups().save(SavedGroup(dataset(run), name, paths, run.name))
        except FieldmarksError as error:
            st.session_state[f"{key}.problem"] = str(error)

    with st.popover("Save as a group", icon=":material/bookmark_add:", type="tertiary"):
        with st.form(f"{key}.save", border=False):
            st.text_input("Name of the group", max_chars=MAX_NAME, key=f"{key}.group")
            st.form_submit_button("Save", icon=":material/save:", on_click=save)
        st.caption(
            "The group keeps these images by their paths, for the whole team; it stays the same "
            "when the run is computed again."
        )
    if problem := st.session_state.pop(f"{key}.problem", ""):
        st.error(heading.plain(problem), icon=":material/bookmark_remove:")
