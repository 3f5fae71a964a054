"""Matrices of classes against classes: the cells that hold images, each with its colour."""

import numpy as np

from fieldmarks.dashboard.figures.charts import NEUTRAL, PREDICTED, TRUE

#: Steps of either colour.
_HALF = 120
#: Opacity of the faintest step.
_FAINT = 0.15


def matrix(counts: np.ndarray) -> dict:
    """Return the filled cells of a confusion matrix: failures in orange, the diagonal in grey.

    Parameters
    ----------
    counts : ndarray of shape (C, C)
        Test images; rows are true, columns predicted classes, in the order shown.

    Returns
    -------
    dict
        Lists ``rows``, ``columns``, ``counts`` and ``levels``, an entry for each cell that holds an
        image, and the ``palette`` that levels are places in.
    """
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    is_diagonal = np.eye(len(counts), dtype=bool)
    levels = np.zeros(counts.shape, int)
    for cells, start in ((~is_diagonal, 0), (is_diagonal, _HALF)):
        filled = cells & (counts > 0)
        top = share[filled].max(initial=0) or 1.0
        levels[filled] = start + np.round((_HALF - 1) * share[filled] / top)
    return _cells(counts, levels) | {
        "palette": [*_fading(PREDICTED), *_fading(NEUTRAL)],
        "signed": False,
    }


def difference_matrix(change: np.ndarray) -> dict:
    """Return second minus first confusion matrix: blue where the second has more, orange fewer.

    Parameters
    ----------
    change : ndarray of shape (C, C), int

    Returns
    -------
    dict
        As that of `matrix`.
    """
    top = max(int(np.abs(change).max(initial=0)), 1)
    levels = np.round((_HALF - 1) * np.abs(change) / top).astype(int) + _HALF * (change > 0)
    return _cells(change, levels) | {
        "palette": [*_fading(PREDICTED), *_fading(TRUE)],
        "signed": True,
    }


def _cells(counts: np.ndarray, levels: np.ndarray) -> dict:
    rows, columns = np.nonzero(counts)
    return {
        "rows": rows.tolist(),
        "columns": columns.tolist(),
        "counts": counts[rows, columns].tolist(),
        "levels": levels[rows, columns].tolist(),
    }


def _fading(colour: str) -> list[str]:
    """Return a colour in steps from faint to full."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    opacities = np.linspace(_FAINT, 1, _HALF)
    return [f"rgba({red},{green},{blue},{opacity:.3f})" for opacity in opacities]
