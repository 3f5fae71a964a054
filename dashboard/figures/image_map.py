"""The image map as a figure: a point per image, coloured by a category or by a number."""

import base64
import colorsys
import io
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from core.image_map.region import SCALE, MapRegion
from dashboard.figures.charts import NEUTRAL

#: Points that can be selected and pointed at, at most: the browser looks at each while a lasso is
#: drawn. Of more images a fixed sample is, and the others are grey dots in a picture behind them.
MAX_POINTS = 20_000
#: The class of each point is told under the pointer up to so many points.
MAX_NAMED = 5_000
#: Categories that a legend lists; more are one trace with names under the pointer.
MAX_LEGEND = 12
HEIGHT = 620  # pixels
#: Side of the picture of the other images, and how opaque a dot of it is, of 255.
_PICTURE, _OPAQUE = 1240, 70


@dataclass(frozen=True)
class Colouring:
    """What the points are coloured by.

    Attributes
    ----------
    values : ndarray of shape (X,)
        Category of each image, -1 for none; a number for a scale.
    names : tuple of str
        Of the categories; empty for a scale.
    colours : tuple of str
        Of the categories, or the low and the high end of the scale.
    title : str
        Of the scale.
    none : str
        What category -1 is called.
    """

    values: np.ndarray
    names: tuple[str, ...]
    colours: tuple[str, ...]
    title: str = ""
    none: str = "none"


def hues(n: int) -> tuple[str, ...]:
    """Return n colours; neighbours in the list differ most.

    >>> hues(2)
    ('#cc5c5c', '#5c7dcc')
    """
    golden = 0.6180339887
    rgb = [colorsys.hls_to_rgb((i * golden) % 1, (0.58, 0.44)[i // 2 % 2], 0.52) for i in range(n)]
    return tuple("#" + "".join(f"{round(255 * v):02x}" for v in each) for each in rgb)


def image_map(
    layout: np.ndarray,
    xs: np.ndarray,
    colouring: Colouring,
    texts: list[str],
    region: MapRegion | None,
) -> go.Figure:
    """Return the map; the customdata of a point is its image.

    Parameters
    ----------
    layout : ndarray of shape (X, 2)
        Column and row in the unit square.
    xs : ndarray of shape (n,), int
        Images to draw.
    colouring : Colouring
    texts : list of n str
        What the pointer shows at each of them; empty for their numbers alone.
    region : MapRegion, optional
        Drawn as an outline.
    """
    figure = go.Figure()
    size = float(np.clip(260 / np.sqrt(max(len(xs), 1)), 2.5, 9))
    values = np.asarray(colouring.values)[xs]
    for name, chosen, marker in _parts(values, colouring):
        # whole numbers of sixteen bits: a quarter of the bytes, and finer than a pixel
        col, row = np.round(layout[xs[chosen]].T * 65535).astype(np.uint16)
        figure.add_scattergl(
            x=col,
            y=row,
            mode="markers",
            name=name,
            marker={"size": size, "opacity": 0.85, "line": {"width": 0}} | marker,
            customdata=xs[chosen].astype(np.uint32),
            text=[texts[i] for i in np.flatnonzero(chosen)] if texts else None,
            hovertemplate=("%{text}<br>" if texts else "")
            + "image %{customdata}"
            + (f"<extra>{name}</extra>" if name else "<extra></extra>"),
            unselected={"marker": {"opacity": 0.2}},
        )
    axis = {"range": [0, 65535], "visible": False, "fixedrange": False}
    figure.update_layout(
        {
            "height": HEIGHT,
            "margin": {"l": 4, "r": 4, "t": 8, "b": 8},
            "showlegend": len(colouring.names) in range(1, MAX_LEGEND + 1),
            "legend": {"orientation": "h", "y": 0, "yanchor": "top", "itemsizing": "constant"},
            "hoverlabel": {"align": "left"},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(125,138,151,0.06)",
            "dragmode": "lasso",
            "clickmode": "event+select",
            "xaxis": axis,
            "yaxis": axis | {"range": [65535, 0], "scaleanchor": "x"},
            "images": _others(layout, xs),
            "shapes": [] if region is None else [_outline(region)],
        }
    )
    return figure


def _parts(values: np.ndarray, colouring: Colouring):
    """Yield the traces: a name, which points, and their marker."""
    names, colours = colouring.names, colouring.colours
    if not names:
        scale = {
            "color": values.astype(np.float32),
            "colorscale": list(zip((0, 1), colours, strict=True)),
        }
        bar = {"title": {"text": colouring.title, "side": "top"}, "thickness": 10, "len": 0.6}
        yield "", np.ones(len(values), bool), scale | {"colorbar": bar, "showscale": True}
        return
    if len(names) <= MAX_LEGEND:
        for code in (-1, *range(len(names))):
            chosen = values == code
            if chosen.any():
                is_none = code < 0
                yield (
                    colouring.none if is_none else names[code],
                    chosen,
                    {"color": NEUTRAL if is_none else colours[code]}
                    | ({"opacity": 0.3} if is_none else {}),
                )
        return
    steps = [(k / len(names), colour) for i, colour in enumerate(colours) for k in (i, i + 1)]
    yield (
        "",
        np.ones(len(values), bool),
        {
            "color": values.astype(np.uint16),
            "colorscale": steps,
            "cmin": -0.5,
            "cmax": len(names) - 0.5,
        },
    )


def _others(layout: np.ndarray, xs: np.ndarray) -> list[dict]:
    """Return a picture with a grey dot for each image that is not drawn; none where all are."""
    if len(xs) == len(layout):
        return []
    is_other = np.ones(len(layout), bool)
    is_other[xs] = False
    col, row = (layout[is_other].T * _PICTURE).astype(int).clip(0, _PICTURE - 2)
    alpha = np.zeros((_PICTURE, _PICTURE), np.uint8)
    for down, right in np.ndindex(2, 2):
        alpha[row + down, col + right] = _OPAQUE
    picture = np.empty((_PICTURE, _PICTURE, 2), np.uint8)
    picture[..., 0], picture[..., 1] = 125, alpha
    file = io.BytesIO()
    Image.fromarray(picture, "LA").save(file, "PNG", compress_level=3)
    return [
        {
            "source": f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}",
            "xref": "x",
            "yref": "y",
            "x": 0,
            "y": 0,
            "sizex": 65535,
            "sizey": 65535,
            "sizing": "stretch",
            "layer": "below",
        }
    ]


def _outline(region: MapRegion) -> dict:
    corners = np.array(region.corners)
    if len(corners) == 2:
        (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    points = [f"{col * 65535 // SCALE} {row * 65535 // SCALE}" for col, row in corners]
    return {
        "type": "path",
        "path": "M" + " L".join(points) + " Z",
        "line": {"color": NEUTRAL, "width": 2, "dash": "dot"},
    }


def drawn_region(selection: dict) -> MapRegion | None:
    """Return the box or lasso of a chart's selection, the last one drawn; None for neither."""
    for kind in ("lasso", "box"):
        shapes = selection.get(kind) or []
        if shapes and len(shapes[-1]["x"]) >= (3 if kind == "lasso" else 2):
            corners = np.column_stack([shapes[-1]["x"], shapes[-1]["y"]]).astype(float) / 65535
            return MapRegion.around(corners, is_box=kind == "box")
    return None
