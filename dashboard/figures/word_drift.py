"""How the words of a picture change with the strength of a change, as a figure."""

import numpy as np
import plotly.graph_objects as go

from fieldmarks.dashboard.figures.charts import NEUTRAL
from fieldmarks.dashboard.figures.markup import escaped

_ROW, _FRAME = 26, 70


def drift_matrix(p: np.ndarray, said: np.ndarray, names: list[str], steps: list[str]) -> go.Figure:
    """Return words against strengths; words in the sentence are blue.

    Parameters
    ----------
    p : ndarray of shape (n words, n strengths)
        p(t given x, predicted c).
    said : ndarray of shape (n words, n strengths), bool
        Whether the sentence names the word.
    names, steps : list of str
        Of words and strengths.
    """
    names = list(map(escaped, names))
    figure = go.Figure(
        go.Heatmap(
            z=np.where(said, p, np.nan),
            x=steps,
            y=names,
            zmin=0,
            zmax=max(float(p.max(initial=0)), 1e-9),
            colorscale=[[0, "#5A94BD"], [1, "#1F6AA5"]],
            showscale=False,
            xgap=3,
            ygap=3,
            hoverinfo="skip",
        )
    )
    text = [[f"{value:.3f}" for value in row] for row in p]
    for is_said, colour in ((True, "#FFFFFF"), (False, NEUTRAL)):
        rows, columns = np.nonzero(said == is_said)
        figure.add_scatter(
            x=[steps[i] for i in columns],
            y=[names[i] for i in rows],
            text=[text[i][j] for i, j in zip(rows, columns, strict=True)],
            mode="text",
            textfont={"color": colour, "size": 12},
            hovertemplate="%{y}, %{x}<br>%{text}<extra></extra>",
        )
    figure.update_layout(
        {
            "height": _FRAME + _ROW * len(names),
            "margin": {"l": 4, "r": 4, "t": 4, "b": 4},
            "showlegend": False,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "dragmode": False,
            "xaxis": {"type": "category", "side": "top", "fixedrange": True, "showgrid": False},
            "yaxis": {
                "autorange": "reversed",
                "automargin": True,
                "fixedrange": True,
                "showgrid": False,
            },
        }
    )
    return figure
