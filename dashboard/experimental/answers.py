"""The access of pages to the answers to the blind test."""

import streamlit as st

from fieldmarks.core.experimental.blind_test.answers import Answers


@st.cache_resource(max_entries=1, show_spinner=False)
def answers() -> Answers:
    """Return the one connection pool of the answers."""
    return Answers()
