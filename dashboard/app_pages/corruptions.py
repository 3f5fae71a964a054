"""Corruptions: corrupted images, how their sentences change, which words are lost first."""

import streamlit as st

from fieldmarks.core.corruptions.record import CORRUPTED, Record, read_record
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading
from fieldmarks.dashboard.corruptions import lost_words, pick, view


@st.cache_resource(max_entries=4, show_spinner=False)
def _record(_run: Run, key: str, stamp: int) -> Record | None:
    return read_record(_run)


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    heading.page(
        "Corruptions",
        "Corrupted test images: what happens to the prediction, the sentence, the filters and the "
        "heatmaps.",
    )
    run.require_words("what corruption does to a sentence")
    record = _record(run, data.identity(run), pick.stamp(run, CORRUPTED))
    if record is None or not pick.has_pictures(record):
        pick.ask_for(run, CORRUPTED)
        return
    x, kind, level = pick.pick(run, record, CORRUPTED, view.strength_label)
    view.show(run, record, x, kind, level, view.strength_label)
    lost_words.show(run, record)


main()
