"""Scores with a 95 % interval: the percentile bootstrap over images.

The image is what is drawn again, with all its attributes, because they stand or fall together. How
often each image is drawn is one matrix of weights, so that thousands of ratios share one product;
it is the same procedure as ``scipy.stats.bootstrap(method="percentile")``.
"""

from dataclasses import dataclass

import numpy as np

N_RESAMPLES = 1000
LEVELS = (2.5, 97.5)


@dataclass(frozen=True)
class Score:
    """A figure, its 95 % interval, and the number of cases behind it."""

    value: float
    low: float
    high: float
    n: int

    def as_dict(self) -> dict:
        """Return it as plain JSON; None where nothing could be measured."""
        numbers = {
            name: float(getattr(self, name)) if np.isfinite(getattr(self, name)) else None
            for name in ("value", "low", "high")
        }
        return {**numbers, "n": int(self.n)}


def resample(n: int, n_resamples: int = N_RESAMPLES, seed: int = 0) -> np.ndarray:
    """Return how often each of n images is drawn in each resample, shape (n_resamples, n)."""
    if n == 0:
        return np.zeros((n_resamples, 0), np.float32)
    rng = np.random.default_rng(seed)
    return rng.multinomial(n, np.full(n, 1 / n), size=n_resamples).astype(np.float32)


def ratios(numerator: np.ndarray, denominator: np.ndarray, drawn: np.ndarray) -> list[Score]:
    """Return sum of numerator / sum of denominator over images, one score a column.

    Parameters
    ----------
    numerator, denominator : ndarray of shape (n, k)
        The share of each image, e.g. hits and pairs; a denominator counts the cases.
    drawn : ndarray of shape (n_resamples, n)
        From `resample`.
    """
    values = _divide(numerator.sum(axis=0), denominator.sum(axis=0))
    again = _divide(drawn @ numerator, drawn @ denominator)
    counts = denominator.sum(axis=0)
    return [
        interval(value, column, count)
        for value, column, count in zip(values, again.T, counts, strict=True)
    ]


def ratio(numerator: np.ndarray, denominator: np.ndarray, drawn: np.ndarray) -> Score:
    """Return one ratio of sums over images; both of shape (n,)."""
    return ratios(numerator[:, None], denominator[:, None], drawn)[0]


def interval(value: float, again: np.ndarray, n: int) -> Score:
    """Return a score from its value and its values in the resamples; NaN are left out."""
    again = again[np.isfinite(again)]
    low, high = np.percentile(again, LEVELS) if len(again) else (np.nan, np.nan)
    return Score(float(value), float(low), float(high), int(n))


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    out = np.full(np.shape(numerator), np.nan)
    return np.divide(numerator, denominator, out=out, where=np.asarray(denominator) != 0)
