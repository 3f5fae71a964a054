"""Tabs whose open one is part of the URL; only what is in it needs to be drawn."""

from collections.abc import Sequence

import streamlit as st

from fieldmarks.dashboard.state import Key, bound, text


def show(names: Sequence[str], scope: str, *, key: Key = Key.TAB, default: str | None = None):
    """Draw tabs and return them; ``open`` of one says whether it is to be drawn.

    Parameters
    ----------
    names : sequence of str
        Titles; they differ in more than capitals.
    scope : str
        See `dashboard.state.bound`.
    key : Key
        Of the second set of tabs on a page.
    default : str, optional
        The tab that is open where the URL names none; otherwise the first.
    """
    default = default or names[0]
    opened = {name.lower(): name for name in names}.get(text(key).lower(), default)
    return st.tabs(list(names), **bound(key, opened, str.lower, default=default, scope=scope))
