"""The name of the reviewer of this session."""

import streamlit as st

_NAME, _WIDGET = "reviewer.name", "reviewer.widget"


def box() -> str:
    """Draw the field for the name and return it; it stays while the session lasts."""
    st.session_state.setdefault(_WIDGET, st.session_state.get(_NAME, ""))
    name = st.text_input("Your name", max_chars=200, key=_WIDGET, width=220).strip()
    st.session_state[_NAME] = name
    return name


def name() -> str:
    """Return the name as it was typed on some page of this session, empty for none."""
    return str(st.session_state.get(_NAME, ""))
