"""Where an attribute can be read off: cells that tell it for classes never seen.

Within the classes that it was trained on, every cell of a network tells the class and with it all
attributes; that says nothing about place. Predicting an attribute for a class that was left out
takes sight of the attribute itself, and works best from the cell where it is.
"""

from dataclasses import dataclass, fields
from functools import reduce
from operator import add

import numpy as np
from scipy import linalg
from sklearn.model_selection import GroupKFold

from core.batching import in_threads

#: Classes are left out in so many groups.
N_FOLDS = 8
#: Ridge penalty as a share of the number of images; the features are standardised.
PENALTY = 3.0


class PeakSums:
    """Sums over the images of each fold: all that regressions and their success are made of.

    Parameters
    ----------
    true_c : ndarray of shape (X,)
        Classes; at least 2.
    """

    def __init__(self, true_c: np.ndarray):
        self._fold = np.empty(len(true_c), int)
        n_folds = min(N_FOLDS, len(np.unique(true_c)))
        for i, (_, left_out) in enumerate(GroupKFold(n_folds).split(true_c, groups=true_c)):
            self._fold[left_out] = i
        self._sums: list[_Sums | None] = [None] * n_folds
        self._centre = None

    def add(self, rows: np.ndarray, peaks: np.ndarray, share: np.ndarray) -> None:
        """Take in some images.

        Parameters
        ----------
        rows : ndarray of shape (n,)
            Which they are.
        peaks : ndarray of shape (n, K, D)
            What the cell says at which cluster k is most active.
        share : ndarray of shape (n, T)
            Share of captions that name t.
        """
        if self._centre is None:  # any point near the mean: sums of squares then lose no digits
            self._centre = peaks.mean(axis=0)
            self._sums = [_Sums.zeros(*peaks.shape[1:], share.shape[1]) for _ in self._sums]
        peaks = np.ascontiguousarray(np.float32(peaks - self._centre).transpose(1, 0, 2))
        share = np.float32(share)
        folds = [(i, np.flatnonzero(self._fold[rows] == i)) for i in np.unique(self._fold[rows])]
        for i, own in folds:
            self._sums[i].add_shares(share[own])

        def add_cluster(k: int) -> None:
            for i, own in folds:
                self._sums[i].add_peaks(k, peaks[k][own], share[own])

        in_threads(add_cluster, range(len(peaks)))

    def transfer(self) -> np.ndarray:
        """Return how well the peak of each cluster predicts each attribute for classes left out.

        Returns
        -------
        ndarray of shape (K, T)
            Correlation of prediction and share over all images, in [0, 1]: below 0 counts as 0.
        """

        def of_cluster(k: int) -> np.ndarray:
            return _correlation([fold.of_cluster(k) for fold in self._sums])

        return np.stack(in_threads(of_cluster, range(len(self._centre))))


@dataclass
class _Sums:
    """Number of images, sums of peaks x and shares y over them, of their squares and products."""

    n: int
    x: np.ndarray
    y: np.ndarray
    xx: np.ndarray
    xy: np.ndarray
    yy: np.ndarray

    @classmethod
    def zeros(cls, K: int, D: int, T: int) -> "_Sums":
        """Return the sums over no images, float32: x of shape (K, D), y of shape (T,)."""
        shapes = (K, D), T, (K, D, D), (K, D, T), T
        return cls(0, *(np.zeros(shape, np.float32) for shape in shapes))

    def add_shares(self, share: np.ndarray) -> None:
        """Take in what captions say of some images."""
        self.n += len(share)
        self.y += share.sum(axis=0)
        self.yy += np.square(share).sum(axis=0)

    def add_peaks(self, k: int, peaks: np.ndarray, share: np.ndarray) -> None:
        """Take in the peaks of cluster k in the same images."""
        self.x[k] += peaks.sum(axis=0)
        self.xx[k] += peaks.T @ peaks
        self.xy[k] += peaks.T @ share

    def of_cluster(self, k: int) -> "_Sums":
        """Return the sums of one cluster, float64."""
        sums = self.x[k], self.y, self.xx[k], self.xy[k], self.yy
        return _Sums(self.n, *(part.astype(float) for part in sums))

    def __add__(self, other: "_Sums") -> "_Sums":
        return _Sums(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __sub__(self, other: "_Sums") -> "_Sums":
        return _Sums(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))


def _correlation(folds: list[_Sums]) -> np.ndarray:
    """Return the correlation of prediction and share for one cluster from its sums by fold."""
    total = reduce(add, folds)
    sums = np.zeros((3, len(total.y)))  # of the predictions, their squares, their products with y
    for own in folds:
        mean, weights = _regression(total - own)
        apart = np.outer(own.x, mean)
        squares = own.xx - apart - apart.T + own.n * np.outer(mean, mean)
        sums[0] += (own.x - own.n * mean) @ weights
        sums[1] += (weights * (squares @ weights)).sum(axis=0)
        sums[2] += (weights * (own.xy - np.outer(mean, own.y))).sum(axis=0)
    predicted, squares, products = sums
    variance = (squares - predicted**2 / total.n) * (total.yy - total.y**2 / total.n)
    norm = np.sqrt(np.maximum(variance, 0))
    product = products - predicted * total.y / total.n
    return np.clip(np.divide(product, norm, out=np.zeros_like(norm), where=norm > 1e-9), 0, 1)


def _regression(known: _Sums) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean peak and the weights on what differs from it, shapes (D,) and (D, T)."""
    mean = known.x / known.n
    covariance = known.xx / known.n - np.outer(mean, mean)
    variance = covariance.diagonal()
    scale = np.sqrt(np.where(variance > 1e-6 * variance.max(), variance, np.inf))
    shrunk = covariance / np.outer(scale, scale) + PENALTY * np.eye(len(mean))
    target = (known.xy / known.n - np.outer(mean, known.y / known.n)) / scale[:, None]
    weights = linalg.cho_solve(linalg.cho_factor(shrunk), target)
    return mean, weights / scale[:, None]
