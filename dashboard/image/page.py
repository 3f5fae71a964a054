"""One image in detail, from top to bottom: the cause, the words with their marks, what tips it.

Each section is a function of the view state (a `View`), so that others can be added without change.
"""

from collections.abc import Callable, Collection

import numpy as np
import streamlit as st

from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import heading, labels, links
from fieldmarks.dashboard.components import gallery, tabs
from fieldmarks.dashboard.image import (
    diagnosis_card,
    evidence,
    grounding,
    sections,
    verdict_form,
    what_if,
)
from fieldmarks.dashboard.image.view import View, view_from_url
from fieldmarks.dashboard.state import Key, text, update


def show(run: Run, x: int, xs: np.ndarray, below: Collection[int] = ()) -> None:
    """Draw image x.

    Parameters
    ----------
    run : Run
    x : int
    xs : ndarray of int
        The list that it was picked from.
    below : collection of int
        What follows below the line where the certainty of a search ends.
    """
    view = view_from_url(run, x)
    heading.tab(labels.image_alt(run, x))
    above = st.container()
    left, right = st.columns([5, 8], gap="medium")
    with left:  # first: what was clicked for
        sections.pictures(view)
    gallery.drawn_first()
    with above:
        step_bar(view, xs, below)
        diagnosis_card.cause(run, x)
    with right:
        sections.class_choice(view)
        sections.reasons(view)
        sections.tipping_attributes(view)
        sections.tipping_filters(view)
    more(view)


def more(view: View) -> None:
    """Draw the details as tabs; only the open one is drawn."""
    diagnosis = "Diagnosis and verdict"
    details: dict[str, Callable[[View], None]] = {diagnosis: diagnosis_and_verdict}
    if view.words is not None:
        details["Evidence for the word"] = evidence.selected_attribute
    details["Classes"] = classes
    details["Captions"] = sections.about
    if view.words is not None:
        details[grounding.TITLE] = grounding.show
        details[what_if.TITLE] = what_if_of_view
    usual = what_if.TITLE if text(Key.IF) and view.words is not None else diagnosis
    drawn = tabs.show(list(details), "image", default=usual)
    for tab, draw in zip(drawn, details.values(), strict=True):
        if tab.open:
            with tab:
                draw(view)


def diagnosis_and_verdict(view: View) -> None:
    """Draw the scores of all causes, and the form of the verdict."""
    left, right = st.columns(2, gap="large")
    with left:
        diagnosis_card.show(view.run, view.x)
    with right:
        verdict_form.show(view.run, view.x)


def classes(view: View) -> None:
    """Draw the most probable classes, and typical images of the two that are compared."""
    likely, canonical = st.columns([5, 7], gap="medium")
    with likely:
        sections.top_class_probabilities(view)
    with canonical:
        sections.canonical(view)


def what_if_of_view(view: View) -> None:
    """Draw the what-if of the two classes."""
    what_if.show(view.run, view.x, view.c, view.versus)


def step_bar(view: View, xs: np.ndarray, below: Collection[int]) -> None:
    """Draw the links to the list, to its previous and next image, and to images alike."""
    walk = [*xs.tolist(), *below]
    at = walk.index(view.x) if view.x in walk else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.page_link(
            "app_pages/images.py",
            label=f"All {len(xs):,}",
            icon=":material/arrow_back:",
            query_params=links.params(**{str(k): text(k) or None for k in links.LIST_KEYS}),
            help="Back to the list",
        )
        where = "not in the list" if at is None else f"{at + 1:,} of {len(xs):,}"
        if at is not None and at >= len(xs):
            where = "less certain than the list"
        st.title(f"Image {view.x}", anchor=False, width="content")
        st.caption(where, width="content")
        st.space("stretch")
        st.page_link(
            "app_pages/images.py",
            label="More like this",
            icon=":material/image_search:",
            query_params=links.params(**{Key.LIKE: view.x}),
            help="Test images by the cosine of their pooled activations with those of this one.",
        )
        for label, icon, key, step in (
            ("Previous", "chevron_left", "P", -1),
            ("Next", "chevron_right", "N", 1),
        ):
            target = None if at is None else at + step
            following = walk[target] if target is not None and 0 <= target < len(walk) else None
            st.button(
                label,
                icon=f":material/{icon}:",
                icon_position="left" if step < 0 else "right",
                shortcut=key,
                disabled=following is None,
                on_click=go,
                args=(following,),
                key=f"failures.{label.lower()}",
            )


def go(x: int | None) -> None:
    """Open another image of the list, without the classes, attribute and what-if of this one."""
    update(**dict.fromkeys((Key.C, Key.VERSUS, Key.T, Key.IF)), x=x)
