"""The scores of a run beside their baselines, with 95 % intervals."""

import streamlit as st

from core.run import Run
from dashboard import charts, heading
from dashboard.scores import Panel, Row, panels


def show(run: Run) -> None:
    """Draw the score board, or how to make one."""
    evaluation = run.evaluation() or {}
    heading.section(
        "Score board",
        f"Scored on {basis(evaluation)}. Blue is this run's default, grey are baselines.",
        help="Each figure with its bootstrap 95 % interval over images.",
    )
    measured = panels(evaluation)
    if not measured:
        st.caption("This run has not been scored yet:")
        st.code(f"python -m precompute evaluate {run.name}", language="bash")
        return
    tabs = st.tabs([panel.title for panel in measured])
    for tab, panel in zip(tabs, measured, strict=True):
        with tab:
            st.caption(panel.help)
            table, chart = st.columns([2, 1], gap="medium")
            with table:
                st.markdown(as_table(panel))
            with chart:
                dots(panel)


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


def label(row: Row) -> str:
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
    rows = [row for row in panel.rows if panel.headline in row.scores]
    if not rows:
        return
    st.caption(f"{panel.headline}, with its interval")
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
