"""Scores over all images of a record: words that break first, and detection of attacks."""

import streamlit as st

from fieldmarks.core.corruptions.record import AttackRecord
from fieldmarks.core.experimental.attacks.detection import CAPTIONS, LAYERS, NEAR
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import heading, labels
from fieldmarks.dashboard.components import tabs
from fieldmarks.dashboard.corruptions.view import strength_label
from fieldmarks.dashboard.scores.board import figure
from fieldmarks.dashboard.state import Key

#: Words listed for each corruption, besides all words together.
N_WORDS = 12


def show_words(run: Run, record: AttackRecord) -> None:
    """Draw which words break first under each corruption."""
    losses = [row for row in record.statement.get("words", []) if row["mean"]["value"] is not None]
    heading.section(
        "Words that break first",
        "Percent of the sentences that had a word and lack it after the change, most fragile "
        "first. Brackets: bootstrap 95 % intervals over classes and images.",
        help="Five strengths of each corruption, after ImageNet-C. A word is also lost where the "
        "predicted class changes.",
    )
    kinds = list(dict.fromkeys(row["kind"] for row in losses))
    if not kinds:
        st.caption("The pictures of this record are too few to say.")
        return
    titles = [kind[0].upper() + kind[1:] for kind in kinds]
    for tab, kind in zip(tabs.show(titles, "robustness"), kinds, strict=True):
        if tab.open:
            tab.markdown(_word_table(run, record, [r for r in losses if r["kind"] == kind]))


def _word_table(run: Run, record: AttackRecord, losses: list[dict]) -> str:
    kind = losses[0]["kind"]
    steps = [strength_label(kind, value) for value in record.levels(kind).values()]
    lines = [["", "sentences", *steps, "mean", "less that of all words"]]
    for row in losses[: N_WORDS + 1]:
        is_all = row["t"] < 0
        name = "all words" if is_all else heading.plain(labels.phrase(run, row["t"]))
        lines.append(
            [
                f":gray[{name}]" if is_all else f"**{name}**",
                f"{row['n']}",
                *(f"{value:.0f}" for value in row["by_level"]),
                figure(row["mean"]),
                "" if is_all else figure(row["difference"]),
            ]
        )
    return _markdown(lines)


def show_detection(record: AttackRecord) -> None:
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
    shown = tabs.show(kinds, "robustness", key=Key.ATTACK)
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
        cells = [figure(_known(row["detectors"].get(name))) for row in scored]
        last = figure(_known(strongest["against failures"].get(name)))
        shown = f"**{name}**" if name in (CAPTIONS, NEAR, LAYERS) else f":gray[{name}]"
        lines.append([shown, *cells, last])
    return _markdown(lines)


def _known(score: dict | None) -> dict | None:
    return None if score is None or score["value"] is None else score


def _markdown(lines: list[list[str]]) -> str:
    lines = [lines[0], [":--", *["--:"] * (len(lines[0]) - 1)], *lines[1:]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
