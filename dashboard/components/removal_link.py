"""A link to the repair that removes filters, with what that fixes and breaks."""

import streamlit as st

from fieldmarks.core.attributes.english import counted
from fieldmarks.core.repair.suggestions import Removal
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import links


def show(run: Run, removal: Removal, before: str) -> None:
    """Draw the link to a removal with what it fixes and breaks.

    Parameters
    ----------
    run : Run
    removal : Removal
    before : str
        The beginning of its label, up to the "r" of "remove".
    """
    n = len(removal.recipe.off_filters)
    st.page_link(
        "app_pages/repair.py",
        label=f"{before}emove {counted(n, 'filter')}: {removal.n_fixed} fixed, "
        f"{removal.n_broken} broken",
        icon=":material/build_circle:",
        query_params=links.recipe(run, removal.recipe),
        help="On the validation half of the test images, without a refit.",
        width="content",
    )
