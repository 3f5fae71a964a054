"""Grounding: heatmaps of attributes, eq. (9), and of classes (class activation maps).

Cells are placed at their receptive-field centres. Plain resizing of a 7 x 7 map shifts every
heatmap by half a cell, because in networks with padded stride-2 convolutions and an even input the
centre of cell i is pixel 32 i and not 32 i + 16.
"""

from functools import lru_cache

import numpy as np
from scipy.interpolate import make_interp_spline

from fieldmarks.core.half_precision import to_float32
from fieldmarks.core.run.phrases import attribute_named
from fieldmarks.core.run.run import Run


def upsample(cells: np.ndarray, centres: np.ndarray, size: int) -> np.ndarray:
    """Return the map at ``size`` x ``size`` points of the unit square, by cubic splines.

    Parameters
    ----------
    cells : ndarray of shape (..., H, W)
        One value per cell.
    centres : ndarray of shape (H, W, 2)
        Row and column of each cell in the unit square; rows and columns form a grid.
    size : int
        Points per axis, at (i + 0.5) / size; beyond the outermost centres the map is mirrored.

    Returns
    -------
    ndarray of shape (..., size, size)
    """
    rows = _interpolation(tuple(centres[:, 0, 0].tolist()), size)
    cols = _interpolation(tuple(centres[0, :, 1].tolist()), size)
    return rows @ np.asarray(cells, np.float32) @ cols.T


@lru_cache(maxsize=64)
def _interpolation(centres: tuple[float, ...], size: int) -> np.ndarray:
    """Return the (size, cells) matrix of one axis; cells are mirrored past the edge."""
    n_cells = len(centres)
    if n_cells == 1:
        return np.ones((size, 1), np.float32)
    step, n_pad = centres[1] - centres[0], min(3, n_cells - 1)
    before = [centres[0] - step * i for i in range(n_pad, 0, -1)]
    after = [centres[-1] + step * i for i in range(1, n_pad + 1)]
    values = np.pad(np.eye(n_cells), ((n_pad, n_pad), (0, 0)), mode="reflect")
    spline = make_interp_spline([*before, *centres, *after], values, k=3)
    points = np.clip((np.arange(size) + 0.5) / size, before[0], after[-1])
    return spline(points).astype(np.float32)


def weighted_map(maps: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return sum over f of weights[f] * f_k(x), the map under sigma in eq. (9).

    Parameters
    ----------
    maps : ndarray of shape (F, H, W)
        Feature maps of one image.
    weights : ndarray of shape (F,) or (..., F)
        One weight per filter.

    Returns
    -------
    ndarray of shape (H, W) or (..., H, W), float32
    """
    return np.tensordot(weights, to_float32(maps), axes=1)


def clip_and_scale(heatmap: np.ndarray) -> np.ndarray:
    """Return the heatmap clipped at 0 and divided by its maximum, where that is positive."""
    clipped = np.clip(heatmap, 0, None)
    top = clipped.max()
    return clipped / top if top > 0 else clipped


def ground(
    run: Run, x: int, t: int | str, estimator: str | None = None, size: int = 112
) -> np.ndarray:
    """Return the heatmap of attribute t in image x, eq. (9).

    Parameters
    ----------
    run : Run
        The run.
    x : int
        Image.
    t : int or str
        Attribute, or its phrase.
    estimator : str, optional
        By default the run's default estimator.
    size : int
        Points per axis.

    Returns
    -------
    ndarray of shape (size, size), in [0, 1]

    Raises
    ------
    MissingRunError
        If the maps of x are not stored, or the run has no such attribute.
    """
    run.require_words("the place of an attribute")
    t = attribute_named(run, t) if isinstance(t, str) else t
    cells = weighted_map(run.maps(x), run.array("evidence", estimator)[:, t])
    return clip_and_scale(upsample(cells, run.array("cell_centres"), size))


def class_maps(run: Run, x: int, cs: list[int], size: int = 112) -> np.ndarray:
    """Return class activation maps of several classes on one common scale.

    Returns
    -------
    ndarray of shape (len(cs), size, size), in [-1, 1]
        Positive where the image is evidence for the class, negative where against it.
    """
    cells = weighted_map(run.maps(x), run.weights(x, np.asarray(cs)))
    maps = upsample(cells, run.array("cell_centres"), size)
    return maps / max(np.abs(maps).max(), np.finfo(np.float32).tiny)


def filter_map(run: Run, x: int, f: int, size: int = 112) -> np.ndarray:
    """Return the activation map of filter f in image x, shape (size, size), in [0, 1]."""
    return clip_and_scale(upsample(run.maps(x)[f], run.array("cell_centres"), size))
