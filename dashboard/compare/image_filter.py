"""Which images of a comparison are listed: by class, diagnosed cause and word of captions."""

import numpy as np
import streamlit as st

from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.comparison.comparison import Comparison
from fieldmarks.dashboard import data
from fieldmarks.dashboard.components.choices import attribute_box, class_box
from fieldmarks.dashboard.state import Key, bound, choice, number


def filtered(comparison: Comparison) -> np.ndarray:
    """Draw the choices; return which images they leave, shape (n,), bool.

    Patterns, captions and classes are those of the first run; a class is an image's label by the
    second, as everywhere in a comparison.
    """
    run, xs = comparison.first, comparison.xs_first
    keep = np.ones(len(xs), bool)
    with st.grid(3, min_column_width=200, gap="small"):
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
    return keep


def _blank(value) -> str | None:
    return None if value is None else str(value)
