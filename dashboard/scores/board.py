"""The scores of a run with their baselines and 95 % intervals.

The parts of ``evaluation.json`` become tables: rows of methods, columns of figures.
"""

import streamlit as st

from fieldmarks.core.errors import RunError, one_line
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import heading, labels
from fieldmarks.dashboard.components import tabs
from fieldmarks.dashboard.figures import charts
from fieldmarks.dashboard.scores.panels import Panel, ScoreRow, panels


def show(run: Run) -> None:
    """Draw the score board, or the command that computes it."""
    try:
        scored_on, measured, tables = _read(run)
    except RunError as error:
        heading.section("How far to trust this run")
        st.error(heading.plain(str(error)), icon=":material/error:")
        return
    heading.section(
        "How far to trust this run",
        f"Scored on {scored_on}. Blue: this run's default estimator. Grey: baselines.",
        help="Each score with its bootstrap 95 % interval over classes and images.",
    )
    if told := labels.told_of_places(run):
        st.caption(
            f":material/push_pin: {', '.join(map(heading.plain, told))}: keypoint-supervised upper "
            "bound. It reads the annotated keypoints of training images and is not comparable with "
            "the others."
        )
    if not measured:
        st.caption("This run has no scores. Compute them:")
        st.code(f"fieldmarks evaluate {run.name}", language="bash")
        return
    drawn = tabs.show([panel.title for panel in measured], "overview")
    for tab, panel, written in zip(drawn, measured, tables, strict=True):
        if not tab.open:
            continue
        with tab:
            st.caption(panel.help)
            table, chart = st.columns([2, 1], gap="medium")
            with table:
                st.markdown(written)
            with chart:
                dots(panel)


def _read(run: Run) -> tuple[str, list[Panel], list[str]]:
    """Return what was scored, the panels, and each of them as a table.

    Raises
    ------
    RunError
        If ``evaluation.json`` is anything but what ``evaluate`` writes.
    """
    evaluation = run.evaluation() or {}
    try:
        measured = panels(evaluation)
        return basis(evaluation), measured, [as_table(panel) for panel in measured]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"evaluation.json of run {run.name!r} is not what it should be "
            f"({type(error).__name__}: {one_line(error)}): write it again by "
            f"'fieldmarks evaluate {run.name}'"
        ) from None


def basis(evaluation: dict) -> str:
    """Return in words which images were scored."""
    scored = evaluation.get("scored", {})
    n, of = scored.get("images", 0), scored.get("of", 0)
    return f"{n:,} of {of:,} test images, drawn at random" if n < of else "the test split only"


def as_table(panel: Panel) -> str:
    """Return a panel as a Markdown table, a method a row; many figures of few methods lie down."""
    lines = [["", *map(heading.plain, panel.columns)]]
    for row in panel.rows:
        cells = [figure(row.scores.get(column)) for column in panel.columns]
        lines.append([label(row), *cells])
    if len(panel.rows) < len(panel.columns):
        lines = [list(line) for line in zip(*lines, strict=True)]
    lines.insert(1, [":--", *["--:"] * (len(lines[0]) - 1)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def label(row: ScoreRow) -> str:
    """Return a method's name in the hue of its role."""
    name = heading.plain(row.name)
    return {"default": f":blue[**{name}**]", "estimator": f"**{name}**"}.get(
        row.role, f":gray[{name}]"
    )


def figure(score: dict | None) -> str:
    """Return a score with its interval, kept on one line; counts without decimals."""
    if score is None:
        return ""
    figures = [score["value"], end(score, "low"), end(score, "high")]
    size = abs(score["value"])
    digits = 1 if size >= 10 else 3 if size < 1 else 2
    if score.get("low") is None or score.get("high") is None:
        return f"{score['value']:.{digits}f}"
    if all(float(each).is_integer() for each in figures):
        digits = 0
    value, low, high = (f"{each:.{digits}f}" for each in figures)
    return f"**{value}** :gray[:small[{low} to {high}]]".replace(" ", "\N{NO-BREAK SPACE}")


def end(score: dict, name: str) -> float:
    """Return the "low" or the "high" end of a score's interval; its value where it has none."""
    return score["value"] if score.get(name) is None else score[name]


def dots(panel: Panel) -> None:
    """Draw the headline figure of each method with its interval, where it could be measured."""
    rows = [row for row in panel.rows if panel.headline in row.scores and row.role != "difference"]
    if not rows:
        return
    st.caption(f"{panel.headline} with 95 % interval")
    scores = [row.scores[panel.headline] for row in rows]
    st.plotly_chart(
        charts.score_dots(
            [row.name for row in rows],
            [score["value"] for score in scores],
            [end(score, "low") for score in scores],
            [end(score, "high") for score in scores],
            [row.role == "default" for row in rows],
        ),
        key=f"overview.scores.{panel.title}",
        config={"displayModeBar": False},
        alt=f"{panel.title}: {panel.headline} of each method",
    )
