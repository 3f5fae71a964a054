"""The search field, with completion of attributes and classes."""

import numpy as np
import streamlit as st

from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, labels
from fieldmarks.dashboard.components.register import querybox_component
from fieldmarks.dashboard.state import Page, href

#: Attributes that are offered as completions; rarer ones are found when typed in full.
N_OFFERED = 3000
EXAMPLE = "yellow belly, not long bill, true:035 predicted:037 wrong"


def show(run: Run, value: str) -> None:
    """Draw the field; Enter leads to the search page with what was typed."""
    offered, classes = _offers(run, data.identity(run))
    querybox_component(
        data={
            "value": value,
            "label": "Search for attributes, classes and correctness",
            "placeholder": EXAMPLE,
            "action": href(Page.SEARCH),
            "phrases": offered,
            "classes": classes,
        },
        key="search.box",
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _offers(_run: Run, key: str) -> tuple[list[dict], list[dict]]:
    counts = _run.attributes["n_images"].to_numpy()
    offered = [
        {"text": labels.phrase(_run, int(t)), "note": f"{counts[t]:,} images"}
        for t in np.argsort(-counts, kind="stable")[:N_OFFERED]
    ]
    classes = [
        {
            "text": labels.class_name(_run, c),
            "search": f"{class_id:03d} {labels.class_name(_run, c)}",
            "note": f"{class_id:03d}",
        }
        for c, class_id in enumerate(_run.classes["class_id"])
    ]
    return offered, classes
