"""Attacks: attacked images, how their sentences change, and how well attacks are detected."""

import streamlit as st

from fieldmarks.core.experimental.attacks.record import ATTACKED, AttackRecord, read_attacks
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading
from fieldmarks.dashboard.corruptions import pick, view
from fieldmarks.dashboard.experimental import detection, note
from fieldmarks.dashboard.state import Page


@st.cache_resource(max_entries=4, show_spinner=False)
def _record(_run: Run, key: str, stamp: int) -> AttackRecord | None:
    return read_attacks(_run)


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    heading.page(
        "Attacks",
        "Test images under adversarial attacks: what happens to the prediction, the sentence, the "
        "filters and the heatmaps, and how well attacks are detected.",
    )
    note.show(Page.ATTACKS)
    run.require_words("what an attack does to a sentence")
    record = _record(run, data.identity(run), pick.stamp(run, ATTACKED))
    if record is None or not pick.has_pictures(record):
        pick.ask_for(run, ATTACKED)
        return
    x, kind, level = pick.pick(
        run,
        record,
        ATTACKED,
        detection.strength_label,
        "FGSM (one step) and PGD (many) follow the gradient of the network's loss and move every "
        "value by at most the strength; the adaptive attacks also make the words agree with the "
        "captions, or with the words of an earlier layer.",
    )
    view.show(run, record, x, kind, level, detection.strength_label)
    detection.show(record)


main()
