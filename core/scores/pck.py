"""Grounding (paper, Table 1): PCK, how often the heatmap of an attribute peaks at its part.

PCK@alpha is the share of image-attribute pairs whose peak lies within alpha of the keypoint, in
units of the crop's side; the paper's random row equals pi * alpha^2, so that is its unit too.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from fieldmarks.core.batching import blocks, in_threads
from fieldmarks.core.bootstrap import Resamples, Score, mean_score, ratios
from fieldmarks.core.explanations.grounding import upsample
from fieldmarks.core.half_precision import to_float32
from fieldmarks.core.run.part_columns import keypoint_columns
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.retrieval import training_images

RADII = (0.1, 0.2, 0.3)
N_ATTRIBUTES = 50
#: Points per axis at which heatmaps are searched for their maximum.
GRID = 112
CENTRE = (0.5, 0.5)
PAPER = {
    "random": {"PCK@0.1": 3.1, "PCK@0.2": 12.6, "PCK@0.3": 28.3},
    "constant": {"PCK@0.1": 8.5, "PCK@0.2": 28.1, "PCK@0.3": 47.5},
    "proposed": {"PCK@0.1": 12.2, "PCK@0.2": 38.7, "PCK@0.3": 60.9},
}


@dataclass(frozen=True)
class Pairs:
    """Image-attribute pairs, in the order of images.

    Parameters
    ----------
    xs, ts : ndarray of shape (n,)
        Image and attribute; the maps of the image are kept.
    keypoints : ndarray of shape (n, k, 2)
        Row and column in the unit square, NaN where not visible; the nearest counts.
    """

    xs: np.ndarray
    ts: np.ndarray
    keypoints: np.ndarray


def grounded_attributes(run: Run, n: int = N_ATTRIBUTES) -> np.ndarray:
    """Return the n attributes of most training images whose noun is a part."""
    order = np.argsort(-training_images(run), kind="stable")
    return order[run.attributes["part"].to_numpy()[order] != ""][:n]


def grounded_pairs(run: Run, xs: np.ndarray) -> Pairs:
    """Return the pairs of images ``xs`` to score: captions name t, and its part is visible."""
    is_grounded = np.isin(np.arange(run.sizes["T"]), grounded_attributes(run))
    kept = xs[run.array("map_row")[xs] >= 0]
    columns = keypoint_columns(run)
    some = [pairs_of(run, kept[:0], kept[:0], columns)]
    for block in blocks(len(kept)):
        rows, ts = run.counts[kept[block]].nonzero()
        rows, ts = rows[is_grounded[ts]], ts[is_grounded[ts]]
        pairs = pairs_of(run, kept[block][rows], ts, columns)
        is_visible = np.isfinite(pairs.keypoints).any(axis=(1, 2))
        some.append(Pairs(*(each[is_visible] for each in (pairs.xs, pairs.ts, pairs.keypoints))))
    xs, ts = (np.concatenate([getattr(pairs, name) for pairs in some]) for name in ("xs", "ts"))
    return Pairs(xs, ts, np.concatenate([pairs.keypoints for pairs in some]))


def pairs_of(run: Run, xs: np.ndarray, ts: np.ndarray, columns: np.ndarray | None = None) -> Pairs:
    """Return pairs of image and attribute with the keypoints of the attribute's part.

    Parameters
    ----------
    run : Run
    xs, ts : ndarray of shape (n,)
        ``xs`` ascending.
    columns : ndarray of shape (T, k), optional
        Columns of ``parts`` per attribute, where they are known already.
    """
    columns = (keypoint_columns(run) if columns is None else columns)[ts]
    if not run.array("parts").shape[1]:  # a data set without keypoints
        return Pairs(xs, ts, np.full((len(xs), 1, 2), np.nan, np.float32))
    keypoints = np.asarray(run.array("parts"))[xs[:, None], columns]
    return Pairs(xs, ts, np.where(columns[..., None] < 0, np.nan, keypoints).astype(np.float32))


def distance(points: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """Return the distance of each point from the nearest visible keypoint, shape (n,).

    Parameters
    ----------
    points : ndarray of shape (n, 2)
    keypoints : ndarray of shape (n, k, 2)

    Returns
    -------
    ndarray of shape (n,)
        In units of the image's side; infinite where no keypoint is visible.

    >>> distance(np.zeros((2, 2)), np.array([[[0.3, 0.4], [np.nan, np.nan]], [[np.nan] * 2] * 2]))
    array([0.5, inf])
    """
    each = np.linalg.norm(keypoints - points[:, None], axis=-1)
    return np.where(np.isnan(each), np.inf, each).min(axis=1, initial=np.inf)


def peaks(run: Run, pairs: Pairs, evidence: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the peak of each pair's heatmap, for several evidences in one pass over the maps.

    The heatmap is searched before it is clipped at 0, so that one without positive evidence has a
    peak, too.

    Parameters
    ----------
    run : Run
    pairs : Pairs
    evidence : dict of ndarray of shape (F, T)
        By estimator; of shape (F, 1) for one that does not depend on the attribute.

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
    points = {name: np.empty((len(pairs.xs), 2)) for name in evidence}
    edges = np.flatnonzero(np.diff(pairs.xs, prepend=-1, append=-1))

    def search(image: tuple[int, int]) -> None:
        start, stop = image
        maps = to_float32(run.maps(pairs.xs[start]))
        flat = maps.reshape(len(maps), -1)
        for name, w in weights.items():
            rows = w[column[start:stop]] if len(w) > 1 else w
            cells = (rows @ flat).reshape(-1, *maps.shape[1:])
            heat = upsample(cells, centres, GRID).reshape(len(cells), -1)
            at = np.unravel_index(heat.argmax(axis=1), (GRID, GRID))
            points[name][start:stop] = (np.stack(at, axis=1) + 0.5) / GRID

    in_threads(search, pairwise(edges.tolist()))
    return points


def score_peaks(
    pairs: Pairs, points: np.ndarray, true_c: np.ndarray | None = None, seed: int = 0
) -> dict[str, Score]:
    """Return PCK in percent by radius, e.g. ``{"PCK@0.1": ...}``.

    Parameters
    ----------
    pairs : Pairs
    points : ndarray of shape (n, 2)
        Where each pair's heatmap is highest.
    true_c : ndarray of shape (X,), optional
        Class of each image, see `Resamples`.
    seed : int
    """
    together = np.zeros(len(pairs.xs), int)
    return _by_column(pairs, points, together, 1, true_c, seed)[0]


def score_by_part(
    pairs: Pairs,
    points: np.ndarray,
    part: np.ndarray,
    true_c: np.ndarray | None = None,
    seed: int = 0,
) -> dict[str, dict[str, Score]]:
    """Return PCK in percent by part and radius, and the mean over parts, which count alike.

    Parameters
    ----------
    pairs : Pairs
    points : ndarray of shape (n, 2)
    part : ndarray of shape (T,)
        The part of each attribute.
    true_c : ndarray of shape (X,), optional
    seed : int
    """
    used, column = np.unique(part[pairs.ts].astype(str), return_inverse=True)
    scores = _by_column(pairs, points, column, len(used), true_c, seed)
    rows = {str(p): row for p, row in zip(used, scores, strict=True)}
    if rows:
        rows["mean over parts"] = {r: mean_score([row[r] for row in scores]) for r in scores[0]}
    return rows


def _by_column(
    pairs: Pairs,
    points: np.ndarray,
    column: np.ndarray,
    n_columns: int,
    true_c: np.ndarray | None,
    seed: int,
) -> list[dict[str, Score]]:
    """Return PCK in percent of the pairs of each column, by radius."""
    images, member = np.unique(pairs.xs, return_inverse=True)
    group = None if true_c is None else true_c[images]
    far, drawn = distance(points, pairs.keypoints), Resamples(len(images), seed=seed, group=group)
    cases = np.zeros((len(images), n_columns))
    np.add.at(cases, (member, column), 1)
    rows: list[dict[str, Score]] = [{} for _ in range(n_columns)]
    for radius in RADII:
        hits = np.zeros_like(cases)
        np.add.at(hits, (member, column), far <= radius)
        for row, score in zip(rows, ratios(hits, cases, drawn, unit=100), strict=True):
            row[f"PCK@{radius}"] = score
    return rows


def baseline_points(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Return the points of the baselines without maps: a random point and the centre."""
    random = np.random.default_rng(seed).uniform(size=(n, 2))
    return {"random": random, "centre": np.tile(CENTRE, (n, 1))}
