"""The keypoint-supervised upper bound: attributes by where the map lies.

The paper proposes weights by whether the map of a filter lies at the keypoint of a word's part.
This estimator does so. It reads annotations that the other estimators do without, so it is not
comparable with them: it is an upper bound of what knowing the places can give. A run computes it
only on request.

- p(t given f) is how much more often t lies at the peak of f than at that of the average filter:
  the share of the filter's activation, over training images, whose peak is near a keypoint of the
  part of t, times the share of captions that name t. Attributes without keypoints ("small bird")
  keep the probability that `mixture` gives them.
- The evidence of heatmaps is a linear discriminant of the cells at the part's keypoints against all
  cells, with a share of the attribute's ridge regression, combined as in `places`.
"""

import numpy as np

from fieldmarks.core.errors import DataError
from fieldmarks.core.estimators.base import (
    Estimate,
    Inputs,
    Keypoints,
    caption_fraction,
    register_estimator,
)
from fieldmarks.core.estimators.mixture import mixture
from fieldmarks.core.estimators.part_detectors import linear_detectors, sample_cells
from fieldmarks.core.estimators.places import RIDGE_WEIGHT, SEED, combined_evidence
from fieldmarks.core.estimators.ridge import ridge
from fieldmarks.core.probability import sigma

#: Maximum distance from a peak to a keypoint at which the part lies there, in units of the crop's
#: side.
RADIUS = 0.15


@register_estimator("keypoints", uses_keypoints=True)
def keypoints(inputs: Inputs) -> Estimate:
    """Return what lies at each filter's peaks, and detectors of the annotated parts.

    Raises
    ------
    DataError
        If there are no keypoints or no maps.
    """
    if inputs.keypoints is None or inputs.maps is None:
        raise DataError(
            "the estimator 'keypoints' needs annotated keypoints and the maps of all training "
            "images: leave it out, or run on such data with '--maps all'"
        )
    columns, part = _parts(inputs.keypoints)
    at_peak, cells = _read(inputs, inputs.keypoints, columns, part)
    p_t_given_f = _words(mixture(inputs).p_t_given_f, at_peak, part >= 0)
    sample = sample_cells(inputs, np.random.default_rng(SEED))
    detectors = linear_detectors(sample, cells)
    place = np.where(part >= 0, detectors[:, np.maximum(part, 0)], 0).astype(np.float32)
    evidence = combined_evidence(place, ridge(inputs).evidence, RIDGE_WEIGHT)
    bias = (-inputs.mean() @ evidence).astype(np.float32)
    return Estimate(p_t_given_f, evidence.astype(np.float32), bias)


def _parts(keypoints: Keypoints) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct parts as columns of keypoints, (G, k), and the part of each t, (T,)."""
    parts, part = np.unique(keypoints.columns, axis=0, return_inverse=True)
    has_any = (parts >= 0).any(axis=1)
    number = np.where(has_any, np.cumsum(has_any) - 1, -1)
    return parts[has_any], number[part.ravel()]


def part_distances(points: np.ndarray, columns: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return how far each cell is from the nearest visible keypoint of each part.

    Parameters
    ----------
    points : ndarray of shape (P, 2)
        Keypoints of one image, NaN where not visible.
    columns : ndarray of shape (G, k), int
        Keypoints of each part, -1 for none.
    centres : ndarray of shape (n, 2)
        Cells.

    Returns
    -------
    ndarray of shape (G, n)
        Infinite where no keypoint of the part is visible.
    """
    far = np.linalg.norm(points[:, None] - centres, axis=-1)
    far = np.where(np.isfinite(far), far, np.inf)
    return np.where(columns[..., None] >= 0, far[columns], np.inf).min(axis=1)


def _read(
    inputs: Inputs, keypoints: Keypoints, columns: np.ndarray, part: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how often t lies at the peak of f, (F, T), and the mean cell at each part, (G, F)."""
    F, G, T = inputs.shape[1], len(columns), len(part)
    centres = keypoints.cell_centres.reshape(-1, 2)
    at_peak, total = np.zeros((F, T)), np.zeros(F)
    cells, n_cells = np.zeros((G, F)), np.zeros(G)
    for rows, maps in inputs.batches():
        activation = np.clip(inputs.activations(rows), 0, None)
        near = np.zeros((G, len(rows), F), np.float32)
        for i, (x, image) in enumerate(zip(rows, maps, strict=True)):
            flat = image.reshape(F, -1).astype(np.float32)
            far = part_distances(keypoints.points[x], columns, centres)
            near[:, i] = far[:, flat.argmax(axis=1)] <= RADIUS
            visible = np.flatnonzero(np.isfinite(far).any(axis=1))
            cells[visible] += flat[:, far[visible].argmin(axis=1)].T
            n_cells[visible] += 1
        share = caption_fraction(inputs, rows).tocsc()
        for g in range(G):
            ts = np.flatnonzero(part == g)
            at_peak[:, ts] += (share[:, ts].T @ (near[g] * activation)).T
        total += activation.sum(axis=0, dtype=float)
    at_peak /= np.maximum(total, np.finfo(float).tiny)[:, None]
    return at_peak, cells / np.maximum(n_cells, 1)[:, None]


def _words(p_t_given_f: np.ndarray, at_peak: np.ndarray, is_located: np.ndarray) -> np.ndarray:
    """Return p.d.f.s in which the located attributes share their probability by excess at the peak.

    A filter at whose peaks nothing lies more often than at those of the average filter keeps its
    p.d.f.

    Parameters
    ----------
    p_t_given_f : ndarray of shape (F, T)
        Of `mixture`.
    at_peak : ndarray of shape (F, T)
    is_located : ndarray of shape (T,), bool
    """
    excess = np.clip(at_peak - at_peak.mean(axis=0), 0, None) * is_located
    has_any = excess.sum(axis=1, keepdims=True) > 0
    located = (p_t_given_f * is_located).sum(axis=1, keepdims=True)
    shared = np.where(is_located, sigma(excess) * located, p_t_given_f)
    return np.where(has_any, shared, p_t_given_f).astype(np.float32)
