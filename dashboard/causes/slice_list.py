"""Slices in words: groups of images that the network fails on, each with what can be done."""

import numpy as np
import streamlit as st

from fieldmarks.core.attributes.english import counted
from fieldmarks.core.causes.slices import (
    Kind,
    Slice,
    sentence,
    slice_key,
    slices,
)
from fieldmarks.core.explanations.attribute_phrase import attribute_phrase
from fieldmarks.core.repair.preview import is_refittable
from fieldmarks.core.repair.recipe import Recipe, has_backgrounds
from fieldmarks.core.repair.suggestions import removal_of_slice
from fieldmarks.core.run.listing import others_of
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import gallery, removal_link, save_group
from fieldmarks.dashboard.components.gallery import Picture
from fieldmarks.dashboard.state import Key

N_SHOWN, N_PICTURES, N_SAME = 10, 6, 12
#: How many times misclassified images count in a recipe to be tried.
HARD = 3.0


def show(run: Run) -> None:
    """Draw the slices of a run."""
    with st.spinner("Finding slices"):
        result = slices(run)
    heading.section(
        "Slices",
        "Slices: groups of test images, described in words, that fail more often than others. "
        "The clearest first.",
        help="Each is compared with the remaining test images, those of its true or predicted "
        "class where it names one: Fisher's exact test at a false discovery rate of 5 % for words, "
        f"quality and backgrounds each; {result.n_tested:,} groups were tested. The interval of "
        "the difference is Newcombe's. Words are named by captions, or seen in images without "
        "any, and compared within a class; a background is a group of images with similar "
        "activations away from the object.",
    )
    if not result.found:
        st.caption(
            f"None of the {result.n_tested:,} groups tested fails significantly more often than "
            "others."
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
    of_slice = slice_key(run, found)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.page_link(
            "app_pages/images.py",
            label=f"All {found.n:,} images",
            icon=":material/image:",
            query_params=links.params(**{Key.SLICE: of_slice, Key.SHOW: "all"}),
            width="content",
        )
        _repair(run, found, of_slice)
        _compare(run, of_slice)
        save_group.show(run, found.xs, key)
    if found.same:
        with st.expander(f"{counted(len(found.same), 'more slice')} with the same failures"):
            lines = [heading.plain(sentence(run, each)) for each in found.same[:N_SAME]]
            st.markdown("\n".join(f"- {line}" for line in lines))


def _repair(run: Run, found: Slice, key: str) -> None:
    """Draw the link to the repair that fits: the best removal, else a recipe to be tried."""
    removal = removal_of_slice(run, key)
    if removal is not None:
        removal_link.show(run, removal, "Repair: r")
        return
    if not is_refittable(run):
        return
    recipe, label = _to_try(run, found)
    st.page_link(
        "app_pages/repair.py",
        label=f"Try a repair: {heading.plain(label)}",
        icon=":material/build_circle:",
        query_params=links.recipe(run, recipe),
        help="No removal of filters fixes more than it breaks on the validation half. The preview "
        "counts what this one breaks.",
        width="content",
    )


def _to_try(run: Run, found: Slice) -> tuple[Recipe, str]:
    """Return a recipe that makes the last layer rely less on a condition, and its name."""
    kinds = {c.kind for c in found.conditions}
    if Kind.BACKGROUND in kinds and has_backgrounds(run):
        return Recipe(ignore_background=True), "ignore the background"
    ts = [c.number for c in found.conditions if c.kind in (Kind.CAPTIONS, Kind.SEEN)]
    if not ts:
        return Recipe(hard_weight=HARD), f"misclassified images count {HARD:g} times"
    phrases = ", ".join(f"“{attribute_phrase(run, t)}”" for t in ts)
    n_right = int((_are_said(run, ts) & run.is_right & run.is_test).sum())
    return Recipe(balanced_attributes=tuple(ts)), (
        f"balance {phrases}, which {counted(n_right, 'image')} that are right have"
    )


def _are_said(run: Run, ts: list[int]) -> np.ndarray:
    return (run.counts[:, ts].toarray() > 0).all(axis=1)


def _compare(run: Run, key: str) -> None:
    """Draw the link to the slice in another run of the same data set, where there is one."""
    others = others_of(run)
    if not others:
        return
    repaired = [name for name in others if name.startswith(run.name)]
    st.page_link(
        "app_pages/compare.py",
        label="Compare",
        icon=":material/difference:",
        query_params=links.params(**{Key.WITH: (repaired or others)[0], Key.SLICE: key}),
        help="What becomes of these images in another run.",
        width="content",
    )
