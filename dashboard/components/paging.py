"""Pagination of a long list; the current page is part of the URL."""

import streamlit as st

from fieldmarks.dashboard.state import Key, choice, initial


def window(n: int, per_page: int) -> tuple[int, slice]:
    """Return the page that the URL names, from 1, and the items on it.

    Parameters
    ----------
    n : int
        Items in all.
    per_page : int
        Items on a page.
    """
    page = int(choice(Key.PAGE, map(str, range(1, -(-n // per_page) + 1)), "1"))
    return page, slice((page - 1) * per_page, page * per_page)


def control(n: int, per_page: int, page: int, scope: str) -> None:
    """Draw the page numbers where there is more than one page."""
    n_pages = -(-n // per_page)
    if n_pages < 2:
        return
    st.pagination(n_pages, default=page, **initial(Key.PAGE, page, default=1, scope=scope))
