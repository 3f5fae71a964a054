"""How well attacked images are detected."""

import streamlit as st

from fieldmarks.core.experimental.attacks.detection import CAPTIONS, LAYERS, NEAR
from fieldmarks.core.experimental.attacks.record import AttackRecord
from fieldmarks.dashboard import heading
from fieldmarks.dashboard.components import tabs
from fieldmarks.dashboard.scores.board import figure, markdown_table, score_of
from fieldmarks.dashboard.state import Key


def strength_label(kind: str, value: float) -> str:
    """Return the strength of an attack in its unit, as short as a button."""
    return f"{value:g}/255"


def show(record: AttackRecord) -> None:
    """Draw how well attacks are detected."""
    heading.section(
        "Detection of attacks",
        "AUROC: how often an attacked picture whose prediction changed is more suspicious than an "
        "unchanged one; 0.5 is chance. Brackets: bootstrap 95 % intervals.",
        help="Words: the picture's words differ from its captions, from those of the training "
        "images nearest to it, or from the words of an earlier layer. Grey: detectors without "
        "words, and controls whose captions are another image's. Against failures: the unchanged "
        "pictures are ones that the network gets wrong. Of the adaptive attacks one knows the "
        "detector by captions, the other that by layers.",
    )
    scored = [row for row in record.statement.get("detection", []) if "detectors" in row]
    if not scored:
        st.caption("No attack changed enough predictions of captioned images to be scored.")
        return
    kinds = list(dict.fromkeys(row["kind"] for row in scored))
    shown = tabs.show(kinds, "attacks", key=Key.ATTACK)
    for tab, kind in zip(shown, kinds, strict=True):
        if tab.open:
            tab.markdown(_detection_table([row for row in scored if row["kind"] == kind]))


def _detection_table(scored: list[dict]) -> str:
    head = [
        f"{strength_label(r['kind'], r['strength'])}: {r['changed']} of {r['n']}" for r in scored
    ]
    strongest = scored[-1]
    lines = [
        ["", *head, f"against failures, {strength_label(strongest['kind'], strongest['strength'])}"]
    ]
    for name in strongest["detectors"]:
        cells = [figure(score_of(row["detectors"].get(name))) for row in scored]
        last = figure(score_of(strongest["against failures"].get(name)))
        shown = f"**{name}**" if name in (CAPTIONS, NEAR, LAYERS) else f":gray[{name}]"
        lines.append([shown, *cells, last])
    return markdown_table(lines)
