"""Meanings of a filter: groups of its top-activating images that look different to the network.

A filter may be active for several things (polysemantic). Its most active cell in each of its
top-activating images is described by all other filters at that place. Ward's method divides these
cells into two groups, and the division is kept only if it is tighter than divisions of points from
one normal distribution with the same spread along the principal axes (SigClust; Liu, Hayes, Nobel
and Marron, 2008); each part is then divided in the same way. A filter whose cells are one group has
one meaning. Words play no part in it: they are counted afterwards, group by group.
"""

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from fieldmarks.core.run.caption_shares import caption_shares_of
from fieldmarks.core.run.run import Run
from fieldmarks.core.unit_length import at_unit_length

#: Maximum number of meanings of a filter.
N_MEANINGS = 4
#: Number of top-activating images that are grouped.
N_TOP = 30
#: Minimum number of images of a meaning.
MIN_IMAGES = 5
#: Principal axes of the cells in which groups are sought.
N_AXES = 8
#: Samples of one normal distribution, and the largest p-value at which a division is kept.
N_NULL, MAX_P = 99, 0.05
#: Words of each meaning.
N_WORDS = 3


@dataclass(frozen=True)
class Meaning:
    """A group of a filter's top-activating images, and its words.

    Attributes
    ----------
    xs : ndarray of shape (n,), int
        Its images, by descending activation.
    share : float
        Their share of the images that were grouped, in (0, 1].
    ts : list of int
        The attributes with the largest product of p(t given f) and the share of the group's
        captions that name t; empty where no image has captions.
    apart_ts : list of int
        The same with what that share exceeds the one in all other groups by: what sets the group
        apart. Empty where captions say no more of it than of the others.
    p_value : float
        Of the division that made the group, NaN where there is none.
    """

    xs: np.ndarray
    share: float
    ts: list[int]
    apart_ts: list[int]
    p_value: float


def filter_meanings(run: Run, f: int, estimator: str | None = None) -> list[Meaning]:
    """Return the meanings of a filter, the one of most images first; one at least.

    None at all where no feature maps of its top-activating images are kept.
    """
    xs = np.asarray(run.array("top_images")[f, :N_TOP])
    xs = xs[(xs >= 0) & (run.array("map_row")[xs] >= 0)]
    if not len(xs):
        return []
    p = np.asarray(run.array("p_t_given_f", estimator)[f], float)
    parts = cell_groups(peak_cells(run, f, xs))
    share = [_share(run, xs[rows]) for rows, _ in parts]
    result = []
    for i, (rows, p_value) in enumerate(parts):
        others = np.concatenate([rows for j, (rows, _) in enumerate(parts) if j != i] or [[]])
        apart = share[i] - _share(run, xs[others.astype(int)])
        ts, apart_ts = _largest(p * share[i]), _largest(p * apart) if len(parts) > 1 else []
        result.append(Meaning(xs[rows], len(rows) / len(xs), ts, apart_ts, p_value))
    return result


def peak_cells(run: Run, f: int, xs: np.ndarray) -> np.ndarray:
    """Return the other filters at the peak of filter f in each image, of length 1, (n, F)."""
    cells = np.empty((len(xs), run.sizes["F"]), np.float32)
    for i, x in enumerate(xs):
        maps = run.maps(x)
        row, col = np.unravel_index(int(maps[f].argmax()), maps.shape[1:])
        cells[i] = maps[:, row, col]
    cells[:, f] = 0
    return at_unit_length(cells)


def cell_groups(points: np.ndarray, seed: int = 0) -> list[tuple[np.ndarray, float]]:
    """Return the rows of each group, the largest first, and the p-value that made it.

    Parameters
    ----------
    points : ndarray of shape (n, D)
    seed : int
        Of the samples of the null.
    """
    rng = np.random.default_rng(seed)
    waiting, done = [(np.arange(len(points)), np.nan)], []
    while waiting:
        rows, p_value = waiting.pop(0)
        n_groups = len(waiting) + len(done) + 1
        divided = None if n_groups >= N_MEANINGS else _divide(points[rows], rng)
        if divided is None:
            done.append((rows, p_value))
            continue
        is_first, p_value = divided
        waiting += [(rows[is_first], p_value), (rows[~is_first], p_value)]
    return sorted(done, key=lambda each: (-len(each[0]), int(each[0][0])))


def _divide(points: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, float] | None:
    """Return which rows are in the first of two groups, and the p-value; None for one group."""
    if len(points) < 2 * MIN_IMAGES:
        return None
    left, size, _ = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    axes = (left * size)[:, :N_AXES]
    if not size[0] > 1e-6:
        return None
    is_first, tightness = _two_groups(axes)
    if min(is_first.sum(), (~is_first).sum()) < MIN_IMAGES:
        return None
    spread = axes.std(axis=0)
    n_tighter, allowed = 0, int(MAX_P * (N_NULL + 1)) - 1
    for _ in range(N_NULL):
        n_tighter += _two_groups(rng.normal(size=axes.shape) * spread)[1] <= tightness
        if n_tighter > allowed:
            return None
    return is_first, (1 + n_tighter) / (N_NULL + 1)


def _two_groups(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Return Ward's division in two, and its sum of squares within groups relative to the total."""
    is_first = fcluster(linkage(points, "ward"), 2, "maxclust") == 1
    within = sum(
        np.square(part - part.mean(axis=0)).sum()
        for part in (points[is_first], points[~is_first])
        if len(part)
    )
    return is_first, float(within / np.square(points - points.mean(axis=0)).sum())


def _share(run: Run, xs: np.ndarray) -> np.ndarray:
    """Return the mean share of captions that name each attribute, (T,); 0 without captions."""
    n_captions = run.images["n_captions"].to_numpy()[xs]
    xs = xs[n_captions > 0]
    if not len(xs):
        return np.zeros(run.sizes["T"])
    return caption_shares_of(run, xs).toarray().mean(axis=0, dtype=float)


def _largest(score: np.ndarray) -> list[int]:
    """Return the attributes of the largest positive scores."""
    ts = np.argsort(-score, kind="stable")[:N_WORDS]
    return [int(t) for t in ts if score[t] > 0]
