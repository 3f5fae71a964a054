"""The points of the map as the component draws them: places, colours, and what each is."""

import base64
import colorsys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fieldmarks.core.image_map.region import SCALE, MapRegion
from fieldmarks.dashboard.figures.charts import NEUTRAL

#: Points that are drawn at most; of more images a fixed sample is.
MAX_POINTS = 100_000
#: Categories that a legend lists; of more the pointer names the class.
MAX_LEGEND = 12
#: Steps of a scale of colours.
N_STEPS = 64
_FAINT, _FULL = 0.3, 0.85  # opacities


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


def drawn_images(X: int) -> np.ndarray:
    """Return the images that are drawn: all, or a sample that is the same each time."""
    if X <= MAX_POINTS:
        return np.arange(X)
    return np.sort(np.random.default_rng(0).choice(X, MAX_POINTS, replace=False))


def map_points(
    layout: np.ndarray,
    xs: np.ndarray,
    colouring: Colouring,
    region: MapRegion | None,
    classes: tuple[list[str], np.ndarray, np.ndarray],
) -> dict:
    """Return what the component draws, arrays as base64 of little-endian whole numbers.

    Parameters
    ----------
    layout : ndarray of shape (X, 2)
        Column and row in the unit square.
    xs : ndarray of shape (n,), int
        Images to draw.
    colouring : Colouring
    region : MapRegion, optional
        Drawn as an outline; points outside of it are faint.
    classes : tuple
        Names of the classes, and the true and the predicted class of each image, shape (X,).
    """
    names, true_c, predicted_c = classes
    codes, palette, opacity, legend = _coloured(np.asarray(colouring.values)[xs], colouring)
    return {
        "n": len(xs),
        # finer than a pixel
        "places": _packed(np.round(np.clip(layout[xs], 0, 1) * 65535), "<u2"),
        "colours": _packed(codes, "<u2"),
        "images": _packed(xs, "<u4"),
        "palette": palette,
        "opacity": opacity,
        "legend": legend,
        "scale": None if colouring.names else _scale(colouring),
        "region": [] if region is None else [[c / SCALE, r / SCALE] for c, r in region.corners],
        "classes": names,
        "true": _packed(true_c[xs], "<u2"),
        "predicted": _packed(predicted_c[xs], "<u2"),
    }


def _packed(values: np.ndarray, dtype: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype).tobytes()).decode("ascii")


def _coloured(
    values: np.ndarray, colouring: Colouring
) -> tuple[np.ndarray, list[str], list[float], list[dict]]:
    """Return codes from 0 in the order of drawing, their colours and opacities, and the legend."""
    names, colours = colouring.names, colouring.colours
    if not names:
        top = float(np.nanmax(values, initial=0)) or 1.0
        steps = np.nan_to_num(values / top) * (N_STEPS - 1)
        codes = np.clip(np.round(steps), 0, N_STEPS - 1).astype(int)
        return codes, _ramp(*colours), [_FULL] * N_STEPS, []
    codes = values.astype(int) + 1
    legend = []
    if len(names) <= MAX_LEGEND:
        is_used = np.bincount(codes, minlength=len(names) + 1) > 0
        all_names = (colouring.none, *names)
        legend = [{"text": all_names[k], "code": int(k)} for k in np.flatnonzero(is_used)]
    return codes, [NEUTRAL, *colours], [_FAINT] + [_FULL] * len(names), legend


def _ramp(low: str, high: str) -> list[str]:
    ends = [np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) for colour in (low, high)]
    mixed = np.linspace(ends[0], ends[1], N_STEPS).round().astype(int)
    return ["#" + "".join(f"{value:02x}" for value in each) for each in mixed]


def _scale(colouring: Colouring) -> dict:
    top = float(np.nanmax(colouring.values, initial=0))
    return {
        "title": colouring.title,
        "colours": list(colouring.colours),
        "low": "0",
        "high": f"{top:.2g}",
    }


def drawn_region(drawn: object) -> MapRegion | None:
    """Return the region that was drawn in the browser; None for what is none.

    Parameters
    ----------
    drawn : object
        As the browser sent it: ``corners`` in the unit square, and ``is_box``.
    """
    if not isinstance(drawn, Mapping):
        return None
    try:
        corners = np.array(drawn.get("corners"), float)
    except (TypeError, ValueError):
        return None
    is_box = bool(drawn.get("is_box"))
    if corners.ndim != 2 or corners.shape[1] != 2 or not np.isfinite(corners).all():
        return None
    return MapRegion.around(corners, is_box) if len(corners) >= (2 if is_box else 3) else None
