"""Arrays in, plotly figures out; nothing here knows of Streamlit.

Colours are roles: predicted is orange, true is blue, both readable on light and dark
ground. Every bar that can be clicked has its id in customdata.
"""

import numpy as np
import plotly.graph_objects as go

from fieldmarks.dashboard.figures.markup import escaped

TRUE, PREDICTED, NEUTRAL, SIGNIFICANT = "#2E86C1", "#D9702B", "#7D8A97", "#2A9D84"
BAND = "rgba(125, 138, 151, 0.28)"
ROW = 24  #: pixels of a horizontal bar with its gap


def _layout(figure: go.Figure, height: int, x: dict, y: dict | None = None, **more) -> None:
    """Set all of a figure's layout at once, which is much faster than bit by bit."""
    figure.update_layout(
        {
            "height": height,
            "margin": {"l": 4, "r": 8, "t": 8, "b": 8},
            "bargap": 0.28,
            "showlegend": False,
            "hoverlabel": {"align": "left"},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "dragmode": False,
            "xaxis": {"fixedrange": True, "zeroline": False} | x,
            "yaxis": {"fixedrange": True, "automargin": True, "autorange": "reversed"} | (y or {}),
        }
        | more
    )


def attribute_bars(
    ts: list[int],
    p: np.ndarray,
    names: list[str],
    colour: str | np.ndarray = NEUTRAL,
    null_high: np.ndarray | None = None,
    symbol: str = "p(t | c)",
) -> go.Figure:
    """Return the chosen attributes of a p.d.f. as horizontal bars, highest first.

    Parameters
    ----------
    ts : list of int
        Attributes to draw.
    p : ndarray of shape (len(ts),)
        Their probabilities.
    names : list of str
        Their phrases.
    colour : str or ndarray of str
        Of all bars or of each.
    null_high : ndarray of shape (len(ts),), optional
        Upper end of the null band of each; bars that stay inside are faint. The axis ends a little
        beyond the longest bar, where a longer band is cut off.
    symbol : str
        What the number is called.
    """
    figure, names = go.Figure(), list(map(escaped, names))
    if null_high is not None:
        figure.add_bar(
            x=null_high,
            y=names,
            orientation="h",
            marker_color=BAND,
            width=0.94,
            hoverinfo="skip",
        )
    above = np.ones(len(p), bool) if null_high is None else np.asarray(p) > null_high
    figure.add_bar(
        x=p,
        y=names,
        customdata=ts,
        orientation="h",
        marker={"color": colour, "opacity": np.where(above, 1, 0.45)},
        width=0.58,
        hovertemplate="%{y}<br>" + symbol + " = %{x:.4f}<extra></extra>",
    )
    reach = 1.1 * max(float(np.max(p, initial=0)), 1e-6)
    x = {"tickformat": ".2~f", "range": [0, reach], "nticks": 5}
    _layout(figure, 44 + ROW * len(ts), x, barmode="overlay")
    return figure


def mirror_bars(
    ts: list[int], first: np.ndarray, second: np.ndarray, names: list[str], labels: tuple[str, str]
) -> go.Figure:
    """Return two p.d.f.s back to back: the second to the left in blue, the first to the right.

    Parameters
    ----------
    ts : list of int
        Attributes to draw, top to bottom.
    first, second : ndarray of shape (len(ts),)
        p(t given c) of two classes.
    names : list of str
        Phrases.
    labels : tuple of str
        Names of the first and the second class.
    """
    figure, names = go.Figure(), list(map(escaped, names))
    for sign, p, colour, label in (
        (1, first, PREDICTED, escaped(labels[0])),
        (-1, second, TRUE, escaped(labels[1])),
    ):
        figure.add_bar(
            x=sign * np.asarray(p),
            y=names,
            customdata=ts,
            text=None,
            meta=label,
            orientation="h",
            marker_color=colour,
            hovertext=[f"{label}: {value:.4f}" for value in p],
            hovertemplate="%{y}<br>p(t | c), %{hovertext}<extra></extra>",
            width=0.62,
        )
    top = max(np.max(first, initial=0), np.max(second, initial=0), 1e-9)
    largest_tick = float(f"{top:.1g}")
    ticks = np.array([-1, -0.5, 0, 0.5, 1]) * largest_tick
    reach = 1.1 * max(top, largest_tick)
    x = {
        "range": [-reach, reach],
        "tickvals": ticks,
        "ticktext": [f"{abs(tick):.2g}" for tick in ticks],
    }
    _layout(figure, 44 + ROW * len(ts), x, barmode="relative")
    return figure


def strip_plot(values: list[np.ndarray], names: list[str], cs: list[int], others: np.ndarray):
    """Return the pooled activations of a filter in the images of some classes, one dot per image.

    Parameters
    ----------
    values : list of ndarray
        Pooled activations of the images of each class.
    names : list of str
        Class names.
    cs : list of int
        Class indices.
    others : ndarray
        Activations in all other images, drawn as the last row.
    """
    figure = go.Figure()
    rows = [
        *zip(map(escaped, names), values, [TRUE] * len(cs), strict=True),
        ("all other classes", others, NEUTRAL),
    ]
    for name, activations, colour in rows:
        figure.add_box(
            x=activations,
            y=[name] * len(activations),
            orientation="h",
            marker={"color": colour, "size": 3.5},
            line_width=1.2,
            boxpoints="all" if len(activations) <= 80 else False,
            jitter=0.55,
            pointpos=0,
            fillcolor="rgba(0,0,0,0)",
            hovertemplate="%{y}<br>φ(f(x)) = %{x:.2f}<extra></extra>",
        )
    _layout(figure, 40 + 30 * len(rows), {"rangemode": "tozero", "nticks": 6})
    return figure


def class_scatter(
    values: np.ndarray, accuracy: np.ndarray, names: list[str], axis: str
) -> go.Figure:
    """Return a property of classes against their test accuracy, one dot per class.

    Parameters
    ----------
    values, accuracy : ndarray of shape (n,)
    names : list of n str
    axis : str
        What the property is called.
    """
    figure = go.Figure(
        go.Scatter(
            x=values,
            y=accuracy,
            text=list(map(escaped, names)),
            mode="markers",
            marker={"color": TRUE, "size": 9, "opacity": 0.75},
            hovertemplate="%{text}<br>" + axis + " = %{x:.2f}<br>accuracy %{y:.0%}<extra></extra>",
        )
    )
    _layout(
        figure,
        300,
        {"title": {"text": axis}, "nticks": 6, "showgrid": True},
        {"title": {"text": "test accuracy"}, "tickformat": ".0%", "autorange": True},
    )
    return figure


def score_dots(
    names: list[str], values: list[float], lows: list[float], highs: list[float], ours: list[bool]
) -> go.Figure:
    """Return scores with their 95 % intervals, one row a method; baselines are grey."""
    colours = np.where(ours, TRUE, NEUTRAL)
    figure = go.Figure(
        go.Scatter(
            x=values,
            y=names,
            mode="markers",
            marker={"color": colours, "size": 9},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": np.subtract(highs, values),
                "arrayminus": np.subtract(values, lows),
                "thickness": 1.4,
                "width": 0,
                "color": NEUTRAL,
            },
            customdata=np.column_stack([lows, highs]),
            hovertemplate="%{y}: %{x:.3f}"
            " (%{customdata[0]:.3f} to %{customdata[1]:.3f})<extra></extra>",
        )
    )
    x = {"rangemode": "tozero", "nticks": 5, "tickformat": ".2~f", "showgrid": True}
    _layout(figure, 40 + 22 * len(names), x, {"showgrid": False})
    return figure


def reliability(q: np.ndarray, share: np.ndarray, n: np.ndarray) -> go.Figure:
    """Return a reliability curve: the share that is true against the mean probability.

    Parameters
    ----------
    q, share, n : ndarray of shape (bins,)
        Mean probability, share that is true, and number of cases of each bin.
    """
    figure = go.Figure(
        [
            go.Scatter(
                x=[0, 1], y=[0, 1], mode="lines", line={"color": NEUTRAL, "dash": "dot"},
                hoverinfo="skip",
            ),
            go.Scatter(
                x=q,
                y=share,
                mode="lines+markers",
                line={"color": TRUE},
                marker={"size": 6 + 3 * np.log10(np.maximum(n, 1))},
                customdata=n,
                hovertemplate="q %{x:.2f}: %{y:.2f} of %{customdata:,} named<extra></extra>",
            ),
        ]
    )  # fmt: skip
    axis = {"range": [-0.03, 1.03], "nticks": 6, "showgrid": True}
    x = axis | {"title": {"text": "certainty q"}}
    _layout(figure, 280, x, axis | {"title": {"text": "named"}, "autorange": False})
    return figure
