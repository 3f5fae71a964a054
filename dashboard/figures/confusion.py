"""Matrices of classes against classes as figures; every cell that holds an image can be clicked."""

import numpy as np
import plotly.graph_objects as go

from dashboard.figures.charts import NEUTRAL, PREDICTED, TRUE

#: Height of a matrix in pixels: a cell's least and most, and the room for the names.
_CELL, _LEAST, _MOST, _NAMES = 22, 420, 900, 120
#: Steps of either colour.
_HALF = 120
#: Names of classes are written beside the matrix up to so many classes.
_NAMED = 60


def matrix(counts: np.ndarray, names: list[str], cs: np.ndarray) -> go.Figure:
    """Return a confusion matrix: failures in orange, the diagonal in grey.

    Parameters
    ----------
    counts : ndarray of shape (C, C)
        Test images; rows are true, columns predicted classes, in the order shown.
    names : list of str
        Class names in that order.
    cs : ndarray of shape (C,), int
        Class index at each place: the customdata of a cell is (true, predicted).
    """
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    is_diagonal = np.eye(len(counts), dtype=bool)
    # one byte a cell: 0 where there is no image, failures up to `_HALF`, the diagonal beyond it
    levels = np.zeros(counts.shape, np.uint8)
    for cells, start in ((~is_diagonal, 0), (is_diagonal, _HALF)):
        filled = cells & (counts > 0)
        top = share[filled].max(initial=0) or 1.0
        levels[filled] = start + 1 + np.round((_HALF - 1) * share[filled] / top)
    figure = go.Figure()
    figure.add_heatmap(
        z=levels,
        colorscale=[
            [0, "rgba(0,0,0,0)"],
            [0.5 / (2 * _HALF), "rgba(0,0,0,0)"],
            [0.5 / (2 * _HALF), _faint(PREDICTED)],
            [(_HALF + 0.5) / (2 * _HALF), PREDICTED],
            [(_HALF + 0.5) / (2 * _HALF), _faint(NEUTRAL)],
            [1, NEUTRAL],
        ],
        zmin=0,
        zmax=2 * _HALF,
        showscale=False,
        hoverinfo="skip",
    )
    _clickable(figure, counts, names, cs, [f"{value:.0%}" for value in share[counts > 0]])
    return _laid_out(figure, names)


def difference_matrix(change: np.ndarray, names: list[str], cs: np.ndarray) -> go.Figure:
    """Return second minus first confusion matrix: blue where the second has more, orange fewer.

    Parameters
    ----------
    change : ndarray of shape (C, C), int
    names : list of str
    cs : ndarray of shape (C,), int
        As in `matrix`.
    """
    top = max(int(np.abs(change).max(initial=0)), 1)
    figure = go.Figure()
    figure.add_heatmap(
        z=np.where(change != 0, change, np.nan).astype(np.float32),
        colorscale=[[0, PREDICTED], [0.5, _faint(NEUTRAL)], [1, TRUE]],
        zmin=-top,
        zmax=top,
        showscale=False,
        hoverinfo="skip",
    )
    _clickable(figure, change, names, cs, [f"{value:+d}" for value in change[change != 0]])
    return _laid_out(figure, names)


def _clickable(
    figure: go.Figure, counts: np.ndarray, names: list[str], cs: np.ndarray, notes: list[str]
) -> None:
    """Lay a transparent marker over each cell with images: a heatmap itself sends no click."""
    rows, columns = np.nonzero(counts)
    figure.add_scatter(
        x=columns,
        y=rows,
        mode="markers",
        marker={"symbol": "square", "size": 12, "opacity": 0},
        # lists: of an array the browser sends back a row as {"0": ..., "1": ...}
        customdata=np.column_stack([cs[rows], cs[columns]]).tolist(),
        text=[
            f"{names[row]} → {names[column]}<br>{counts[row, column]:,} images, {note}"
            for row, column, note in zip(rows, columns, notes, strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
        unselected={"marker": {"opacity": 0}},
        selected={"marker": {"opacity": 0}},
    )


def _laid_out(figure: go.Figure, names: list[str]) -> go.Figure:
    C = len(names)
    shown = C <= _NAMED
    axis = {
        "tickvals": list(range(C)) if shown else [],
        "ticktext": names if shown else [],
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
        "automargin": True,
    }
    figure.update_layout(
        {
            "height": int(np.clip(_CELL * C, _LEAST, _MOST)) + (_NAMES if shown else 0),
            "margin": {"l": 4, "r": 8, "t": 8, "b": 8},
            "showlegend": False,
            "hoverlabel": {"align": "left"},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(125,138,151,0.08)",
            "dragmode": False,
            "clickmode": "event+select",
            "xaxis": axis | {"title": "predicted class", "range": [-0.5, C - 0.5], "tickangle": 90},
            "yaxis": axis | {"title": "true class", "range": [C - 0.5, -0.5]},
        }
    )
    return figure


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.15)"
