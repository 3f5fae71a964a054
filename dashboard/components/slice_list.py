"""Slices in words: groups of images that the network fails on, each with what can be done."""

import streamlit as st

from fieldmarks.core.attributes.english import counted
from fieldmarks.core.causes.slices import (
    Kind,
    Slice,
    background_words,
    sentence,
    slice_key,
    slices,
)
from fieldmarks.core.repair.recipe import has_backgrounds
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import gallery, save_group
from fieldmarks.dashboard.components.gallery import Picture
from fieldmarks.dashboard.state import Key

N_SHOWN, N_PICTURES, N_SAME = 10, 6, 12


def show(run: Run) -> None:
    """Draw the slices of a run."""
    result = slices(run)
    heading.section(
        "Slices",
        "Groups of test images that the network fails on, in words, the clearest first.",
        help="Each is compared with the rest of the test images, of its class, or of those called "
        "its class: Fisher's exact test at a false discovery rate of 5 % over the "
        f"{result.n_tested:,} groups that were tested. The interval of the difference is "
        "Newcombe's. Words are named by captions or seen in the image; a background is a group of "
        "images with similar activations away from the object.",
    )
    if not result.found:
        st.caption(
            f"None: of {result.n_tested:,} groups none fails significantly more often than others."
        )
        return
    for i, each in enumerate(result.found[:N_SHOWN]):
        with st.container(border=True):
            _card(run, each, f"slices.{i}")


def _card(run: Run, found: Slice, key: str) -> None:
    st.markdown(f"**{heading.plain(sentence(run, found))}**")
    difference, low, high = (
        f"{100 * value:+.0f}"
        for value in (found.accuracy - found.rest_accuracy, found.low, found.high)
    )
    st.caption(
        f"{counted(len(found.failures), 'failure')}; accuracy {difference} points, 95 % interval "
        f"{low} to {high}; p = {found.p_value:.1g}, false discovery rate {found.q_value:.1g}."
    )
    pictures = [
        Picture(
            src=data.thumb(run, x),
            alt=labels.image_alt(run, x),
            href=links.image(run, x),
        )
        for x in map(int, found.failures[:N_PICTURES])
    ]
    gallery.show(pictures, key=f"{key}.pictures", width=84, fixed=True, to_top=True)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.page_link(
            "app_pages/images.py",
            label=f"All {found.n:,} images",
            icon=":material/image:",
            query_params=links.params(**{Key.SLICE: slice_key(run, found), Key.SHOW: "all"}),
            width="content",
        )
        _repair(run, found)
        save_group.show(run, found.xs, key)
    if found.same:
        with st.expander(f"{counted(len(found.same), 'more slice')} with the same failures"):
            lines = [heading.plain(sentence(run, each)) for each in found.same[:N_SAME]]
            st.markdown("\n".join(f"- {line}" for line in lines))


def _repair(run: Run, found: Slice) -> None:
    """Draw the link to the recipe that fits, where one does."""
    ts = [c.number for c in found.conditions if c.kind in (Kind.CAPTIONS, Kind.SEEN)]
    places = [c for c in found.conditions if c.kind is Kind.BACKGROUND]
    recipe = {}
    if places and has_backgrounds(run):
        label, recipe[Key.BACKGROUND] = "Repair: ignore the background", "exchanged"
    else:
        ts += [t for c in places for t in background_words(run, found, c)[:1]]
        phrases = ", ".join(labels.phrase(run, t) for t in ts)
        label, recipe[Key.BALANCE] = f"Repair: balance “{phrases}”", ",".join(phrases.split(", "))
        if not ts:
            return
    st.page_link(
        "app_pages/repair.py",
        label=heading.plain(label),
        icon=":material/build_circle:",
        query_params=links.params(**recipe),
        width="content",
    )
