"""The pages' access to the database of verdicts."""

import streamlit as st

from core.review.verdicts import Verdicts
from core.runs.run import Run


@st.cache_resource(max_entries=1, show_spinner=False)
def database() -> Verdicts:
    """Return the one connection pool of the server."""
    return Verdicts()


def dataset(run: Run) -> str:
    """Return the data set that verdicts on images of the run belong to."""
    return str(run.manifest["dataset"])
