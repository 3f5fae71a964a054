"""The pages' access to the database of verdicts and saved groups."""

import streamlit as st

from fieldmarks.core.review.saved_groups import SavedGroups
from fieldmarks.core.review.verdicts import Verdicts
from fieldmarks.core.run.run import Run


@st.cache_resource(max_entries=1, show_spinner=False)
def database() -> Verdicts:
    """Return the one connection pool of the server."""
    return Verdicts()


@st.cache_resource(max_entries=1, show_spinner=False)
def saved_groups() -> SavedGroups:
    """Return the one connection pool of the saved groups."""
    return SavedGroups()


def dataset(run: Run) -> str:
    """Return the data set that verdicts on images of the run belong to."""
    return str(run.manifest["dataset"])
