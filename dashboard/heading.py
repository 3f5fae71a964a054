"""Headings of pages and sections, with help on their numbers."""

import re

import streamlit as st

#: Where Streamlit and GFM look into the text itself, after the backslashes were read: icons and
#: emoji, addresses of the web and of mail, arrows and dashes that stand alone. Nothing else is
#: touched: what a message says to type can be copied.
_READ_LATER = re.compile(
    r"(?<=:)(?=[\w+/-]+:|//)|(?<=www)(?=\.)|(?=@)|(?<=(?<!\S)[<>~-])(?=(?:[-=>]|->)(?!\S))", re.I
)
_WORD_JOINER = "\N{WORD JOINER}"  # of no width, and no line is broken at it


def page(title: str, lead: str) -> None:
    """Draw the title of a page and one sentence on what it shows; it may have coloured words."""
    with st.container(gap="xxsmall"):
        st.title(title, anchor=False)
        st.markdown(f":small[{lead}]")


def tab(title: str) -> None:
    """Name the browser's tab; ``title`` may be text from data."""
    st.set_page_config(page_title=f"{title[:80]} · Fieldmarks")


def section(title: str, lead: str = "", help: str | None = None) -> None:
    """Draw the title of a section, a line of explanation and a help text."""
    with st.container(gap="xxsmall"):
        st.header(title, anchor=False, help=help)
        if lead:
            st.caption(lead)


def plain(text: str) -> str:
    """Return text from data as Markdown shows it literally, without links, icons or colours.

    Lines become one: an empty line and four spaces would begin a block of code.
    """
    text = _READ_LATER.sub(_WORD_JOINER, " ".join(text.split("\n")))
    return "".join(f"\\{char}" if char in "\\`*_{}[]()<>#+-.!|~$:&=" else char for char in text)
