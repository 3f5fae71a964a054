"""Grounding (paper, Table 1): how often the heatmap of an attribute peaks at its part.

PCK@alpha is the share of image-attribute pairs whose peak lies within alpha of the keypoint, in
units of the crop's side; the paper's random row equals pi * alpha^2, so that is its unit too.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.batching import blocks
from core.explanations.grounding import upsample
from core.language.parts import keypoints_of
from core.metrics.bootstrap import Resamples, Score, ratios
from core.runs.run import Run

RADII = (0.1, 0.2, 0.3)
N_ATTRIBUTES = 50
#: Points an axis at which heatmaps are searched for their maximum.
GRID = 112
CENTRE = (0.5, 0.5)
PAPER = {
    "random": (3.1, 12.6, 28.3),
    "constant": (8.5, 28.1, 47.5),
    "proposed": (12.2, 38.7, 60.9),
}


@dataclass(frozen=True)
class Pairs:
    """Image-attribute pairs to score, in the order of images.

    Parameters
    ----------
    xs, ts : ndarray of shape (n,)
        Image and attribute; the captions name it, the part is visible, the maps are kept.
    keypoints : ndarray of shape (n, 3, 2)
        Row and column in the unit square, NaN where not visible; the nearest counts.
    """

    xs: np.ndarray
    ts: np.ndarray
    keypoints: np.ndarray


def grounded_attributes(run: Run, n: int = N_ATTRIBUTES) -> np.ndarray:
    """Return the n attributes of most images whose noun is a part."""
    table = run.attributes
    order = np.argsort(-table["n_images"].to_numpy(), kind="stable")
    return order[table["part"].to_numpy()[order] != ""][:n]


def grounded_pairs(run: Run, xs: np.ndarray) -> Pairs:
    """Return the pairs of images ``xs`` that can be scored."""
    names = list(run.manifest["part_names"])
    parts, part = run.array("parts"), run.attributes["part"].to_numpy()
    columns = {
        t: [names.index(name) for name in keypoints_of(part[t]) if name in names]
        for t in grounded_attributes(run).tolist()
    }
    widest = max(map(len, columns.values()), default=0)
    columns_of = np.full((run.sizes["T"], max(widest, 3)), -1)
    for t, own in columns.items():
        columns_of[t, : len(own)] = own
    kept = xs[run.array("map_row")[xs] >= 0]
    if not names:  # a data set without keypoints
        kept = kept[:0]
    found = [(kept[:0], kept[:0], np.empty((0, 3, 2), np.float32))]
    for block in blocks(len(kept)):
        rows, ts = run.counts[kept[block]].nonzero()
        images, chosen = kept[block][rows], columns_of[ts]
        keypoints = np.where(chosen[..., None] < 0, np.nan, parts[images[:, None], chosen])
        scored = np.isfinite(keypoints).any(axis=(1, 2))
        found.append((images[scored], ts[scored], keypoints[scored].astype(np.float32)))
    return Pairs(*(np.concatenate(column) for column in zip(*found, strict=True)))


def distance(points: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """Return how far each point is from the nearest visible keypoint.

    Parameters
    ----------
    points : ndarray of shape (n, 2)
    keypoints : ndarray of shape (n, k, 2)

    >>> distance(np.array([[0.0, 0.0]]), np.array([[[0.3, 0.4], [np.nan, np.nan]]]))
    array([0.5])
    """
    if not len(points):
        return np.empty(0)
    return np.nanmin(np.linalg.norm(keypoints - points[:, None], axis=-1), axis=1)


def peaks(run: Run, pairs: Pairs, evidence: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return where each pair's heatmap is highest, for several evidences in one pass over the maps.

    Parameters
    ----------
    run : Run
    pairs : Pairs
    evidence : dict of ndarray of shape (F, T)
        By estimator; of shape (F, 1) for one that does not look at the attribute.

    Returns
    -------
    dict of ndarray of shape (n, 2)
        Row and column in the unit square.
    """
    centres = run.array("cell_centres")
    used, column = np.unique(pairs.ts, return_inverse=True)
    weights = {
        name: np.ascontiguousarray(w[:, used] if w.shape[1] > 1 else w, dtype=np.float32).T
        for name, w in evidence.items()
    }
    found = {name: np.empty((len(pairs.xs), 2)) for name in evidence}
    edges = np.flatnonzero(np.diff(pairs.xs, prepend=-1, append=-1))
    for start, stop in pairwise(edges):
        maps = np.asarray(run.maps(pairs.xs[start]), np.float32)
        flat = maps.reshape(len(maps), -1)
        for name, w in weights.items():
            rows = w[column[start:stop]] if len(w) > 1 else w
            cells = (rows @ flat).reshape(-1, *maps.shape[1:])
            heat = upsample(cells, centres, GRID).reshape(len(cells), -1)
            at = np.unravel_index(heat.argmax(axis=1), (GRID, GRID))
            found[name][start:stop] = (np.stack(at, axis=1) + 0.5) / GRID
    return found


def score_peaks(pairs: Pairs, points: np.ndarray, seed: int = 0) -> dict[str, Score]:
    """Return PCK in percent by radius, e.g. ``{"0.1": ...}``, resampled over images."""
    images, member = np.unique(pairs.xs, return_inverse=True)
    far = distance(points, pairs.keypoints)
    hits = np.zeros((len(images), len(RADII)))
    np.add.at(hits, member, far[:, None] <= RADII)
    n_pairs = np.bincount(member, minlength=len(images)).astype(float)
    n_pairs = np.repeat(n_pairs[:, None], len(RADII), 1)
    scores = ratios(hits, n_pairs, Resamples(len(images), seed=seed), unit=100)
    return {str(radius): score for radius, score in zip(RADII, scores, strict=True)}


def score_by_attribute(pairs: Pairs, points: np.ndarray, seed: int = 0) -> dict[int, list[Score]]:
    """Return PCK in percent at each of `RADII` for every attribute t."""
    images, member = np.unique(pairs.xs, return_inverse=True)
    used, column = np.unique(pairs.ts, return_inverse=True)
    far, drawn = distance(points, pairs.keypoints), Resamples(len(images), seed=seed)
    total = np.zeros((len(images), len(used)), bool)
    total[member, column] = True
    by_radius = []
    for radius in RADII:
        hits = np.zeros_like(total)
        hits[member, column] = far <= radius
        by_radius.append(ratios(hits, total, drawn, unit=100))
    return {int(t): [row[j] for row in by_radius] for j, t in enumerate(used)}


def baseline_points(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Return the points of the baselines that need no maps: a random place and the centre."""
    random = np.random.default_rng(seed).uniform(size=(n, 2))
    return {"random": random, "centre": np.tile(CENTRE, (n, 1))}
