"""Which words are lost first, over all images of a record."""

import streamlit as st

from fieldmarks.core.corruptions.record import Record
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import heading, labels
from fieldmarks.dashboard.components import tabs
from fieldmarks.dashboard.corruptions.view import strength_label
from fieldmarks.dashboard.scores.board import figure, markdown_table, score_of

#: Words listed for each corruption, besides all words together.
N_WORDS = 12


def show(run: Run, record: Record) -> None:
    """Draw which words are lost first under each corruption."""
    losses = [row for row in record.statement.get("words", []) if row["mean"]["value"] is not None]
    heading.section(
        "Words that are lost first",
        "Percent of the sentences that had a word and lack it after the change, most fragile "
        "first. Brackets: bootstrap 95 % intervals over classes and images.",
        help="Five strengths of each corruption, after ImageNet-C. A word is also lost where the "
        "predicted class changes.",
    )
    kinds = list(dict.fromkeys(row["kind"] for row in losses))
    if not kinds:
        st.caption("Too few pictures were corrupted to score this.")
        return
    titles = [kind[0].upper() + kind[1:] for kind in kinds]
    for tab, kind in zip(tabs.show(titles, "robustness"), kinds, strict=True):
        if tab.open:
            tab.markdown(_word_table(run, record, [r for r in losses if r["kind"] == kind]))


def _word_table(run: Run, record: Record, losses: list[dict]) -> str:
    kind = losses[0]["kind"]
    steps = [strength_label(kind, value) for value in record.levels(kind).values()]
    lines = [["", "sentences", *steps, "mean", "minus that of all words"]]
    for row in losses[: N_WORDS + 1]:
        is_all = row["t"] < 0
        name = "all words" if is_all else heading.plain(labels.phrase(run, row["t"]))
        lines.append(
            [
                f":gray[{name}]" if is_all else f"**{name}**",
                f"{row['n']}",
                *(f"{value:.0f}" for value in row["by_level"]),
                figure(score_of(row["mean"])),
                "" if is_all else figure(score_of(row["difference"])),
            ]
        )
    return markdown_table(lines)
