"""One image and its changed pictures: difference, sentence, filters and heatmaps."""

import numpy as np
import streamlit as st

from fieldmarks.core.corruptions.drift import (
    WordDrift,
    heatmaps_of,
    margin_changes,
    peaks_of,
    word_drift,
)
from fieldmarks.core.corruptions.record import JPEG, Record
from fieldmarks.core.explanations.explanation import Span, predicate
from fieldmarks.core.explanations.grounding import clip_and_scale
from fieldmarks.core.presence.presence import presence_of
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import gallery, ranking, sentence
from fieldmarks.dashboard.components.gallery import PREDICTED, TRUE, Line, Mark, Picture
from fieldmarks.dashboard.corruptions.pick import StrengthLabel
from fieldmarks.dashboard.figures.heatmaps import layer_uri
from fieldmarks.dashboard.figures.word_drift import drift_matrix

#: Filters listed on each side.
N_FILTERS = 8


def strength_label(kind: str, value: float) -> str:
    """Return the strength of a corruption in its unit, as short as a button."""
    return {
        "blur": f"{value:g} px",
        "noise": f"σ {value:g}",
        "colour": f"{value:.0%} colour",
        JPEG: f"quality {value:g}",
    }[kind]


def show(run: Run, record: Record, x: int, kind: str, level: int, label: StrengthLabel) -> None:
    """Draw all that changes from the unchanged picture to one strength of a kind."""
    drift = word_drift(run, record, x, kind)
    before, after = drift.rows[0], record.row(x, kind, level)
    if after is None:
        st.info("This image has no picture of this kind.", icon=":material/info:")
        return
    _pictures(run, record, int(before), after)
    _sentences(run, record, drift, kind, label)
    _heatmaps(run, record, int(before), after)
    _filters(run, record, int(before), after)


def _pictures(run: Run, record: Record, before: int, after: int) -> None:
    table = record.table
    true = int(run.images["true_c"].iloc[int(table["x"].iloc[before])])

    def told(row: int) -> list[Line]:
        c, sure = int(table["predicted_c"].iloc[row]), float(table["confidence"].iloc[row])
        tone = TRUE if c == true else PREDICTED
        return [Line(f"{labels.class_name(run, c)}, {sure:.0%}", tone=tone, href=links.class_(c))]

    shown = [
        ("Unchanged", "pictures", before, told(before)),
        ("Changed", "pictures", after, told(after)),
        ("Difference, magnified", "differences", after, [Line("grey: no change")]),
    ]
    gallery.show(
        [
            Picture(
                src=data.data_uri(record.packed(pack, row)),
                alt=f"{name} picture of image {int(table['x'].iloc[row])}",
                caption=name,
                lines=lines,
            )
            for name, pack, row, lines in shown
        ],
        key="robustness.pictures",
        width=260,
        fixed=True,
    )


def _sentences(run: Run, record: Record, drift: WordDrift, kind: str, label: StrengthLabel) -> None:
    heading.section(
        "Sentence by strength",
        "Certainty that each attribute is seen, at each strength; blue: in the sentence."
        if presence_of(run.source) is not None
        else "p(t | x, c) for the class that is predicted at each strength; blue: in the sentence.",
        help="The words of the sentence change with the picture and with the predicted class.",
    )
    steps = ["unchanged"] + [
        label(kind, float(record.table["strength"].iloc[row])) for row in drift.rows[1:]
    ]
    words = drift.words
    chart, text = st.columns([3, 2], gap="medium")
    with chart:
        said = np.array([[t in of_step for of_step in drift.said] for t in words])
        st.plotly_chart(
            drift_matrix(drift.p[:, words].T, said, [labels.phrase(run, t) for t in words], steps),
            key="robustness.drift",
            config={"displayModeBar": False},
            alt="Words of the sentence against the strength of the change",
        )
    with text:
        for i, (step, row) in enumerate(zip(steps, drift.rows, strict=True)):
            name = labels.class_name(run, int(record.table["predicted_c"].iloc[row]))
            gone = ", ".join(labels.phrase(run, t) for t in drift.lost(i))
            st.caption(
                f"**{step}**, {heading.plain(name)}"
                + (f"; lost: {heading.plain(gone)}" if gone else "")
            )
            ts = [int(t) for t in drift.said[i] if t >= 0]
            new = set(drift.gained(i))
            sentence.show(
                [Span("It "), *predicate(ts, run.attributes), Span(".")],
                lambda t: links.word(run, t),
                key=f"robustness.sentence.{i}",
                tone="predicted" if new else "true",
                title=lambda t, new=new: "new at this strength" if t in new else "",
            )


def _heatmaps(run: Run, record: Record, before: int, after: int) -> None:
    heading.section(
        "Heatmaps of the unchanged sentence's words",
        "Above in the unchanged picture, below in the changed one; the ring is the peak.",
        help="Distances are in units of the picture's side. Each heatmap is scaled by itself.",
    )
    words = record.words[before]
    places = np.flatnonzero(words >= 0)
    maps = {row: heatmaps_of(run, record, row) for row in (before, after)}
    peaks = {row: peaks_of(maps[row]) for row in maps}
    moved = np.hypot(*(peaks[after] - peaks[before]).T)
    cards = []
    for row in (before, after):
        for i in places:
            phrase = labels.phrase(run, int(words[i]))
            at = peaks[row][i].tolist()
            lines = [Line(f"peak moved by {moved[i]:.2f}")] if row == after else []
            cards.append(
                Picture(
                    src=data.data_uri(record.packed("pictures", row)),
                    layer=layer_uri(clip_and_scale(maps[row][i])),
                    alt=f"Heatmap of {phrase}, {'unchanged' if row == before else 'changed'}",
                    caption=phrase,
                    lines=lines,
                    marks=[Mark(at[0], at[1], "peak", "Peak of the heatmap")],
                )
            )
    gallery.show(
        cards, key="robustness.heatmaps", width=150, columns=max(len(places), 1), slider=True
    )


def _filters(run: Run, record: Record, before: int, after: int) -> None:
    old, new = (int(record.table["predicted_c"].iloc[row]) for row in (before, after))
    parts = margin_changes(run, record, before, after)
    names = [heading.plain(labels.class_name(run, c)) for c in (new, old)]
    what = f"the lead of {names[0]} over {names[1]}" if old != new else f"the logit of {names[0]}"
    heading.section(
        "Filters",
        f"Which filters changed {what}: in all {parts.sum():+.2f}.",
        help="(φ(f(x')) − φ(f(x))) times the weight, or the difference of the two classes' "
        "weights. On a linear head the parts of all filters sum to the change.",
    )
    top = max(float(np.abs(parts).max()), 1e-9)
    order = np.argsort(-parts, kind="stable")
    sides = (("Towards the prediction of the changed picture", order[:N_FILTERS], "predicted"),
             ("Against it", order[::-1][:N_FILTERS], "true"))  # fmt: skip
    for column, (title, fs, tone) in zip(st.columns(2, gap="medium"), sides, strict=True):
        with column:
            st.markdown(f"**{title}**")
            ranking.show(
                [
                    ranking.Row(
                        labels.filter_label(run, int(f)),
                        f"{parts[f]:+.2f}",
                        href=links.filter_(int(f)),
                        bar=abs(float(parts[f])) / top,
                        title=f"activation {record.pooled[before, f]:.2f}, then "
                        f"{record.pooled[after, f]:.2f}",
                    )
                    for f in fs
                    if (parts[f] > 0) == (tone == "predicted") and parts[f] != 0
                ],
                key=f"robustness.filters.{tone}",
                tone=tone,
            )
