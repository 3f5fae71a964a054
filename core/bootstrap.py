"""Scores with a 95 % interval: the percentile bootstrap over classes and images.

Images of one class are similar, so more images of the same classes carry less information than more
classes: classes are resampled, and within each drawn class its images (two levels; Davison and
Hinkley, Bootstrap Methods, 1997, section 3.8). An image is drawn with all its attributes, because
these are not independent. How often each image is drawn is a matrix of weights, so that thousands
of ratios share one product. The full matrix is never in memory as floats, which would take four
kilobytes per image; the last matrices are cached as bytes if they are small, because the scores of
a run use the same few a hundred times.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b

import numpy as np

from fieldmarks.core.batching import blocks

N_RESAMPLES = 1000
LEVELS = (2.5, 97.5)
#: Entries of the matrix generated at a time.
_ENTRIES = 1 << 20
#: With more images than this, multinomial sampling is too slow and integers are drawn instead.
_MANY = 20_000
#: Matrices that are kept, and the entries of the largest one, a byte each.
_N_KEPT, _MOST_KEPT = 6, 1 << 23


@dataclass(frozen=True)
class Score:
    """A figure, its 95 % interval, and the number of cases behind it.

    Parameters
    ----------
    value, low, high : float
        The interval is NaN where there is none.
    n : int
    again : ndarray of shape (n_resamples,), optional
        The figure in each resample.
    """

    value: float
    low: float = np.nan
    high: float = np.nan
    n: int = 0
    again: np.ndarray | None = field(default=None, repr=False, compare=False)

    def minus(self, other: "Score") -> "Score":
        """Return the difference; both must come from the same resamples, which pairs them."""
        if self.again is None or other.again is None:
            raise ValueError("a difference needs the figures of the resamples")
        return interval(self.value - other.value, self.again - other.again, self.n)

    def as_dict(self) -> dict:
        """Return the score as JSON values; None where nothing could be measured."""
        numbers = {
            name: float(getattr(self, name)) if np.isfinite(getattr(self, name)) else None
            for name in ("value", "low", "high")
        }
        return {**numbers, "n": int(self.n)}


@dataclass(frozen=True)
class Resamples:
    """Number of draws of each of n images in each bootstrap resample, generated on demand.

    Acts as an ndarray of shape (n_resamples, n), float32, in products and in loops over rows.

    Parameters
    ----------
    n : int
        Images.
    n_resamples : int
    seed : int
        The same seed gives the same matrix; fewer resamples are its first rows.
    group : ndarray of shape (n,), optional
        Class of each image. Then classes are drawn first, and as many images of each as it has;
        images alone otherwise.

    >>> drawn = Resamples(n=3, n_resamples=2)
    >>> (drawn @ np.ones((3, 1))).ravel()
    array([3., 3.])
    """

    n: int
    n_resamples: int = N_RESAMPLES
    seed: int = 0
    group: np.ndarray | None = field(default=None, repr=False, compare=False)

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield blocks of rows."""
        kept = _kept.get(self)
        if kept is None and self.n * self.n_resamples <= _MOST_KEPT:
            kept = _kept.put(self, [_as_bytes(block) for block in self._drawn()])
        for block in self._drawn() if kept is None else kept:
            yield block.astype(np.float32)

    def _drawn(self) -> Iterator[np.ndarray]:
        rng = np.random.default_rng(self.seed)
        for rows in blocks(self.n_resamples, max(1, _ENTRIES // max(self.n, 1))):
            yield self._draw(rng, rows.stop - rows.start)

    def _draw(self, rng: np.random.Generator, n_rows: int) -> np.ndarray:
        if self.n == 0:
            return np.zeros((n_rows, 0))
        if self.group is not None:
            return np.stack([self._draw_groups(rng) for _ in range(n_rows)])
        if self.n <= _MANY:
            return rng.multinomial(self.n, np.full(self.n, 1 / self.n), size=n_rows)
        drawn = rng.integers(0, self.n, (n_rows, self.n), np.int32)
        return np.stack([np.bincount(row, minlength=self.n) for row in drawn])

    def _draw_groups(self, rng: np.random.Generator) -> np.ndarray:
        """Return one resample: as many classes as there are, and of each its number of images."""
        order, start, size = self._groups
        drawn = rng.integers(0, len(size), len(size))
        drawn = np.repeat(drawn, size[drawn])
        picked = start[drawn] + (rng.random(len(drawn)) * size[drawn]).astype(np.int64)
        return np.bincount(order[picked], minlength=self.n)

    @cached_property
    def _groups(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Images in the order of their class, where each class starts, and how many it has."""
        assert self.group is not None
        _, member, size = np.unique(self.group, return_inverse=True, return_counts=True)
        return np.argsort(member, kind="stable"), np.cumsum(size) - size, size

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self.blocks():
            yield from block

    def __matmul__(self, columns: np.ndarray) -> np.ndarray:
        """Return the sum over drawn images of each column, shape (n_resamples, k)."""
        return np.concatenate([block @ columns for block in self.blocks()])


class _Kept:
    """The blocks of the matrices that were asked for last."""

    def __init__(self):
        self._blocks: OrderedDict[tuple, list[np.ndarray]] = OrderedDict()

    def get(self, drawn: Resamples) -> list[np.ndarray] | None:
        """Return the blocks of a matrix, None where they are not kept."""
        blocks_of = self._blocks.pop(key := self._key(drawn), None)
        if blocks_of is not None:
            self._blocks[key] = blocks_of
        return blocks_of

    def put(self, drawn: Resamples, blocks_of: list[np.ndarray]) -> list[np.ndarray]:
        """Keep the blocks of a matrix and return them."""
        self._blocks[self._key(drawn)] = blocks_of
        while len(self._blocks) > _N_KEPT:
            self._blocks.popitem(last=False)
        return blocks_of

    @staticmethod
    def _key(drawn: Resamples) -> tuple:
        group = drawn.group
        of_group = None if group is None else blake2b(np.asarray(group).tobytes()).digest()
        kind = None if group is None else group.dtype.str
        return drawn.n, drawn.n_resamples, drawn.seed, kind, of_group


_kept = _Kept()


def _as_bytes(block: np.ndarray) -> np.ndarray:
    """Return the same numbers as bytes, where all are below 256."""
    return block.astype(np.uint8) if block.max(initial=0) < 256 else block


def ratios(
    numerator: np.ndarray, denominator: np.ndarray, drawn: Resamples, unit: float = 1
) -> list[Score]:
    """Return sum of numerator / sum of denominator over images, one score per column.

    Parameters
    ----------
    numerator, denominator : ndarray of shape (n, k)
        Terms of each image, e.g. hits and pairs; the denominator counts the cases.
    drawn : Resamples
    unit : float
        Factor on the ratio: 100 for percent.
    """
    counts = denominator.sum(axis=0)
    values = _divide(unit * numerator.sum(axis=0), counts)
    again = drawn @ np.hstack([numerator, denominator])
    again = _divide(unit * again[:, : len(counts)], again[:, len(counts) :])
    return [
        interval(value, column, count)
        for value, column, count in zip(values, again.T, counts, strict=True)
    ]


def ratio(
    numerator: np.ndarray, denominator: np.ndarray, drawn: Resamples, unit: float = 1
) -> Score:
    """Return one ratio of sums over images; both of shape (n,)."""
    return ratios(numerator[:, None], denominator[:, None], drawn, unit)[0]


def interval(value: float, again: np.ndarray, n: int) -> Score:
    """Return a score from its value and its values in the resamples; NaN are left out."""
    known = again[np.isfinite(again)]
    low, high = np.percentile(known, LEVELS) if len(known) else (np.nan, np.nan)
    return Score(float(value), float(low), float(high), int(n), again)


def mean_score(scores: list[Score]) -> Score:
    """Return the mean of figures from the same resamples, each counting alike; NaN left out."""
    values = np.array([score.value for score in scores])
    again = np.stack([score.again for score in scores if score.again is not None])
    return interval(float(_mean(values)), _mean(again), sum(score.n for score in scores))


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over the first axis of what is finite, NaN of nothing."""
    known = np.isfinite(values)
    return _divide(np.where(known, values, 0).sum(axis=0), known.sum(axis=0))


def differences(rows: dict[str, dict[str, Score]], pairs: list[tuple[str, str]]) -> dict:
    """Return the paired differences of rows, figure by figure: ``{"a minus b": {...}}``.

    Parameters
    ----------
    rows : dict of dict of Score
        All from the same resamples.
    pairs : list of two names
    """
    return {
        f"{a} minus {b}": {
            name: score.minus(rows[b][name]) for name, score in rows[a].items() if name in rows[b]
        }
        for a, b in pairs
        if a in rows and b in rows
    }


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    out = np.full(np.shape(numerator), np.nan)
    return np.divide(numerator, denominator, out=out, where=np.asarray(denominator) != 0)
