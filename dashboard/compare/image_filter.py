"""Which images of a comparison are listed: by class, cause, word of captions, slice and group."""

import numpy as np
import streamlit as st

from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.causes.slices import subject
from fieldmarks.core.comparison.comparison import Comparison
from fieldmarks.dashboard import data, heading, image_filters
from fieldmarks.dashboard.components import query_chips
from fieldmarks.dashboard.components.choices import attribute_box, class_box
from fieldmarks.dashboard.state import Key, Page, bound, choice, here, number, text

#: Query parameters that links to images and filters of a comparison keep.
KEPT = (
    Key.WITH, Key.SHOW, Key.TRUE, Key.CAUSE, Key.T, Key.SAVED, Key.SLICE, Key.PAGE, Key.TAB
)  # fmt: skip


def filtered(comparison: Comparison) -> np.ndarray:
    """Draw the choices; return which images they leave, shape (n,), bool.

    Patterns, captions and classes are those of the first run; a class is an image's label by the
    second, as everywhere in a comparison.
    """
    run, xs = comparison.first, comparison.xs_first
    keep = np.ones(len(xs), bool)
    with st.grid(4, min_column_width=200, gap="small"):
        c = number(Key.TRUE, run.sizes["C"], "class")
        class_box(run, "True class", Key.TRUE, c, "compare")
        if c is not None:
            keep &= comparison.true_c == c
        table = data.diagnoses(run)
        if table is not None:
            patterns = [str(pattern) for pattern in Pattern]
            pattern = choice(Key.CAUSE, patterns, "")
            st.selectbox(
                "Cause in the first run",
                patterns,
                index=None,
                placeholder="any cause",
                **bound(Key.CAUSE, pattern or None, _blank, scope="compare", resets=(Key.PAGE,)),
            )
            if pattern:
                keep &= (table["pattern"] == pattern).to_numpy()[xs]
        t = data.read_attribute(run)
        attribute_box(run, "Attribute in the captions", t, "compare")
        if t is not None:
            keep &= run.counts[xs][:, [t]].toarray()[:, 0] > 0
        image_filters.group_box(run, "compare")
        if name := text(Key.SAVED):
            keep &= image_filters.in_group(run, name)[xs]
    found = image_filters.read_slice(run)
    if found is not None:
        keep &= np.isin(xs, found.xs)
        st.markdown(f"**{heading.plain(subject(run, found))}**")
        query_chips.show([("Slice", here(Page.COMPARE, [key for key in KEPT if key != Key.SLICE]))])
    if found is not None or text(Key.SAVED):
        st.markdown(_change(comparison, keep))
    return keep


def _change(comparison: Comparison, keep: np.ndarray) -> str:
    """Say how many of some images are right in either run."""
    first, second = (
        int((comparison.true_c == predicted)[keep].sum())
        for predicted in (comparison.predicted_first, comparison.predicted_second)
    )
    return (
        f"Of these {keep.sum():,} images **{first:,}** are right in the first run and "
        f"**{second:,}** in the second."
    )


def _blank(value) -> str | None:
    return None if value is None else str(value)
