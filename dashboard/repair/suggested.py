"""Recipes that slices and diagnoses suggest, each with what it would fix and break."""

import streamlit as st

from fieldmarks.core.errors import FieldmarksError
from fieldmarks.core.repair.recipe import Labels, Recipe
from fieldmarks.core.repair.suggestions import Suggestion, suggestions, why
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import gallery, removal_link
from fieldmarks.dashboard.components.gallery import Picture
from fieldmarks.dashboard.repair.recipe_form import n_doubted
from fieldmarks.dashboard.verdicts import latest_of

N_SHOWN, N_PICTURES = 4, 4


def show(run: Run) -> None:
    """Draw the suggestions as cards: what fails, and what a change fixes and breaks."""
    try:
        with st.spinner("Finding repairs"):
            found = suggestions(run)[:N_SHOWN]
    except FieldmarksError:  # too few test images: the page says so below
        return
    n_doubted_train = n_doubted(run, latest_of(run))
    if not found and not n_doubted_train:
        return
    heading.section(
        "Suggested",
        "From slices and diagnoses. Fixed and broken are counted on the validation half; the "
        "preview is judged on the other half.",
        help="The filters that add most to the wrong lead of a slice are removed from the last "
        "layer, without a refit. How many is chosen on the validation half. A refit would often "
        "bring the mark back, because it is right for the training images.",
    )
    with st.grid(3, min_column_width=280, gap="small"):
        for i, each in enumerate(found):
            with st.container(border=True, gap="xsmall"):
                _card(run, each, f"repair.suggested.{i}")
        if n_doubted_train:
            with st.container(border=True, gap="xsmall"):
                _labels(run, n_doubted_train)


def _card(run: Run, suggestion: Suggestion, key: str) -> None:
    st.markdown(f"**{heading.plain(why(run, suggestion))}**")
    pictures = [
        Picture(src=data.thumb(run, x), alt=labels.image_alt(run, x), href=links.image(run, x))
        for x in suggestion.failures[:N_PICTURES].tolist()
    ]
    gallery.show(pictures, key=key, width=64, fixed=True, to_top=True)
    removal_link.show(run, suggestion.removal, "Preview: r")


def _labels(run: Run, n: int) -> None:
    n_train = int(run.images["is_train"].sum())
    st.markdown(f"**{n:,} of {n_train:,} training labels are suspected**")
    st.page_link(
        "app_pages/repair.py",
        label="Preview: leave out suspected label errors",
        icon=":material/build_circle:",
        query_params=links.recipe(run, Recipe(labels=Labels.DROP)),
        width="content",
    )
    st.page_link(
        "app_pages/causes.py",
        label="Check the labels first",
        icon=":material/label_off:",
        query_params=links.params(),
        width="content",
    )
