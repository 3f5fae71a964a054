"""The scores of a run beside their baselines, with 95 % intervals."""

import streamlit as st

from core.run import Run
from dashboard import charts, heading
from dashboard.scores import Panel, Row, panels


def show(run: Run) -> None:
    """Draw the score board, or how to make one."""
    heading.section(
        "Score board",
        "Scored on the test split only. Blue is this run's default, grey are baselines.",
        help="Each figure with its bootstrap 95 % interval over images.",
    )
    measured = panels(run.evaluation() or {})
    if not measured:
        st.caption("This run has not been scored yet:")
        st.code(f"python -m precompute evaluate {run.name}", language="bash")
        return
    tabs = st.tabs([panel.title for panel in measured])
    for tab, panel in zip(tabs, measured, strict=True):
        with tab:
            st.caption(panel.help)
            table, chart = st.columns([7, 4], gap="medium")
            with table:
                st.markdown(as_table(panel))
            with chart:
                st.caption(f"{panel.headline}, with its interval")
                dots(panel)


def as_table(panel: Panel) -> str:
    """Return a panel as a Markdown table."""
    head = ["", *map(heading.plain, panel.columns)]
    lines = [head, [":--", *["--:"] * len(panel.columns)]]
    for row in panel.rows:
        cells = [figure(row.scores.get(column)) for column in panel.columns]
        lines.append([label(row), *cells])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def label(row: Row) -> str:
    """Return a method's name in the hue of its role."""
    name = heading.plain(row.name)
    return {"default": f":blue[**{name}**]", "estimator": f"**{name}**"}.get(
        row.role, f":gray[{name}]"
    )


def figure(score: dict | None) -> str:
    """Return a score with its interval; figures of 10 and above with one decimal."""
    if score is None:
        return ""
    digits = 1 if abs(score["value"]) >= 10 else 3 if abs(score["value"]) < 1 else 2
    value = f"{score['value']:.{digits}f}"
    if score.get("low") is None or score.get("high") is None:
        return value
    return f"**{value}** :gray[{score['low']:.{digits}f} to {score['high']:.{digits}f}]"


def dots(panel: Panel) -> None:
    """Draw the headline figure of each method with its interval."""
    rows = [row for row in panel.rows if panel.headline in row.scores]
    scores = [row.scores[panel.headline] for row in rows]
    st.plotly_chart(
        charts.score_dots(
            [row.name for row in rows],
            [score["value"] for score in scores],
            [score.get("low") or score["value"] for score in scores],
            [score.get("high") or score["value"] for score in scores],
            [row.role == "default" for row in rows],
        ),
        key=f"overview.scores.{panel.title}",
        config={"displayModeBar": False},
        alt=f"{panel.title}: {panel.headline} of each method",
    )
