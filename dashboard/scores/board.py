"""The scores of a run with their controls and 95 % intervals: a table and a chart a measure."""

import numpy as np
import streamlit as st

from fieldmarks.core.bootstrap import Score
from fieldmarks.core.errors import RunError
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.result import Evaluation, Role, Row, from_json, read_evaluation
from fieldmarks.dashboard import heading, labels
from fieldmarks.dashboard.components import being_computed, tabs
from fieldmarks.dashboard.figures import charts
from fieldmarks.dashboard.scores.panels import Panel, panels
from fieldmarks.dashboard.scores.seen_panels import seen_panels


def show(run: Run) -> None:
    """Draw the score board, or the command that computes it."""
    try:
        evaluation = read_evaluation(run)
    except RunError as error:
        heading.section("How far to trust this run")
        st.error(heading.plain(str(error)), icon=":material/error:")
        return
    heading.section(
        "How far to trust this run",
        ("" if evaluation is None else f"Scored on {basis(evaluation)}. ")
        + "Blue: this run's default estimator. Grey: controls.",
        help="Each score with its bootstrap 95 % interval over classes and images.",
    )
    if told := labels.told_of_places(run):
        st.caption(
            f":material/push_pin: {', '.join(map(heading.plain, told))}: keypoint-supervised upper "
            "bound. It reads the annotated keypoints of training images and is not comparable with "
            "the others."
        )
    if being_computed.note(run, "scores"):
        return
    if evaluation is None:
        st.caption("This run has no scores. Compute them:")
        st.code(f"fieldmarks evaluate {run.name}", language=None, wrap_lines=True)
        return
    draw([*seen_panels(evaluation.seen_words), *panels(evaluation)], "overview")


def draw(measured: list[Panel], scope: str) -> None:
    """Draw panels as tabs; ``scope`` is part of their keys."""
    drawn = tabs.show([panel.about.title for panel in measured], scope)
    for tab, panel in zip(drawn, measured, strict=True):
        if not tab.open:
            continue
        with tab:
            st.caption(panel.about.help)
            table, chart = st.columns([2, 1], gap="medium")
            with table:
                st.markdown(as_table(panel))
            with chart:
                draw_chart = reliability if panel.curve else dots
                draw_chart(panel, scope)


def basis(evaluation: Evaluation) -> str:
    """Return in words which images were scored."""
    n, of = evaluation.scored.images, evaluation.scored.of
    return f"{n:,} of {of:,} test images, drawn at random" if n < of else "the test split only"


def as_table(panel: Panel) -> str:
    """Return a panel as a Markdown table, a method a row; many figures of few methods lie down."""
    lines = [["", *map(heading.plain, panel.columns)]]
    for row in panel.rows:
        cells = [figure(row.scores.get(column)) for column in panel.columns]
        lines.append([label(panel, row), *cells])
    if len(panel.rows) < len(panel.columns):
        lines = [list(line) for line in zip(*lines, strict=True)]
    return markdown_table(lines)


def markdown_table(lines: list[list[str]]) -> str:
    """Return lines of cells as a Markdown table, the first line as its head."""
    lines = [lines[0], [":--", *["--:"] * (len(lines[0]) - 1)], *lines[1:]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def score_of(values: dict | None) -> Score | None:
    """Return a score that a record holds as JSON values."""
    return None if values is None else from_json(Score, {"n": 0, **values})


def label(panel: Panel, row: Row) -> str:
    """Return a method's name in the hue of its role."""
    name = heading.plain(name_of(row))
    if panel.is_default(row):
        return f":blue[**{name}**]"
    return f"**{name}**" if row.role is Role.METHOD else f":gray[{name}]"


def name_of(row: Row) -> str:
    """Return the name of a row, with that of its variant; the paper's say so."""
    name = f"{row.name}, {row.variant}" if row.variant else row.name
    return f"paper, {name}" if row.role is Role.PAPER else name


def figure(score: Score | None) -> str:
    """Return a score with its interval, kept on one line; counts without decimals."""
    if score is None or not np.isfinite(score.value):
        return ""
    size = abs(score.value)
    digits = 1 if size >= 10 else 3 if size < 1 else 2
    if not np.isfinite([score.low, score.high]).all():
        is_count = float(score.value).is_integer() and score.n
        return f"{score.value:.{0 if is_count else digits}f}"
    figures = (score.value, score.low, score.high)
    if all(float(each).is_integer() for each in figures):
        digits = 0
    value, low, high = (f"{each:.{digits}f}" for each in figures)
    return f"**{value}** :gray[:small[{low} to {high}]]".replace(" ", "\N{NO-BREAK SPACE}")


def reliability(panel: Panel, scope: str) -> None:
    """Draw a reliability curve."""
    st.caption("Share that captions name, by certainty; on the line it is calibrated")
    q, share, n = (np.array(column) for column in zip(*panel.curve, strict=True))
    st.plotly_chart(
        charts.reliability(q, share, n),
        key=f"{scope}.scores.{panel.about.title}",
        config={"displayModeBar": False},
        alt="Reliability curve: share of words that captions name, by how surely they are seen",
    )


def dots(panel: Panel, scope: str) -> None:
    """Draw the headline figure of each method with its interval, where it could be measured."""
    headline = panel.about.headline
    rows = [row for row in panel.rows if headline in row.scores and row.role is not Role.DIFFERENCE]
    if not rows:
        return
    st.caption(f"{headline} with 95 % interval")
    scores = [row.scores[headline] for row in rows]
    st.plotly_chart(
        charts.score_dots(
            [name_of(row) for row in rows],
            [score.value for score in scores],
            [_end(score, score.low) for score in scores],
            [_end(score, score.high) for score in scores],
            [panel.is_default(row) for row in rows],
        ),
        key=f"{scope}.scores.{panel.about.title}",
        config={"displayModeBar": False},
        alt=f"{panel.about.title}: {headline} of each method",
    )


def _end(score: Score, end: float) -> float:
    """Return an end of a score's interval; its value where it has none."""
    return end if np.isfinite(end) else score.value
