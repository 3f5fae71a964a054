"""Location of an attribute: which cluster of cells predicts it for held-out classes.

For the classes that a network was trained on, every map cell predicts the class and with it all of
its attributes, which does not locate them. Predicting an attribute for a held-out class requires
the attribute itself, and works best from the cell where the attribute is.
"""

from dataclasses import dataclass, fields
from functools import reduce
from operator import add

import numpy as np
from sklearn.model_selection import GroupKFold

from fieldmarks.core.accelerator import computed, product
from fieldmarks.core.batching import blocks, in_threads
from fieldmarks.core.ridge_regression import ridge_solver

#: Number of folds; each fold holds out a group of classes.
N_FOLDS = 8
#: Ridge penalty as a share of the number of images; the features are standardised.
PENALTY = 3.0
#: Clusters of a job: long enough that threads do not wait for each other between products.
_CLUSTERS = 16


class PeakSums:
    """Sums over the images of each fold, sufficient for the regressions and their correlations.

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
        self._n_folds = n_folds
        self._sums: list[_Sums] = []
        self._centre = np.empty((0, 0), np.float32)

    def add(self, rows: np.ndarray, peaks: np.ndarray, share: np.ndarray) -> None:
        """Add images.

        Parameters
        ----------
        rows : ndarray of shape (n,)
            Indices of the images.
        peaks : ndarray of shape (n, K, D)
            Features of the cell at which the detector of cluster k is most active.
        share : ndarray of shape (n, T)
            Share of captions that name t.
        """
        if not self._sums:  # any point near the mean, for the precision of sums of squares
            self._centre = peaks.mean(axis=0)
            K, D = peaks.shape[1:]
            self._sums = [_Sums.zeros(K, D, share.shape[1]) for _ in range(self._n_folds)]
        by_fold = np.argsort(self._fold[rows], kind="stable")
        peaks = (peaks[by_fold] - self._centre).astype(np.float32, copy=False)
        share = share[by_fold].astype(np.float32)
        numbers, starts = np.unique(self._fold[rows[by_fold]], return_index=True)
        stops = [*starts[1:], len(rows)]
        folds = [(i, slice(*ends)) for i, *ends in zip(numbers, starts, stops, strict=True)]
        for i, members in folds:
            self._sums[i].add_shares(share[members])

        def add_clusters(ks: slice) -> None:
            for i, members in folds:
                self._sums[i].add_peaks(ks, peaks[members], share[members])

        in_threads(add_clusters, blocks(peaks.shape[1], _CLUSTERS))

    def cross_class_score(self) -> np.ndarray:
        """Return how well each cluster's peak predicts each attribute for held-out classes.

        Returns
        -------
        ndarray of shape (K, T)
            Correlation of prediction and share over all images, in [0, 1]; negative values are 0.
        """

        def of_clusters(ks: slice) -> np.ndarray:
            return _correlation([fold.of_clusters(ks) for fold in self._sums])

        return np.concatenate(in_threads(of_clusters, blocks(len(self._centre), _CLUSTERS)))


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
        """Add the shares of captions of some images."""
        self.n += len(share)
        self.y += share.sum(axis=0)
        self.yy += np.square(share).sum(axis=0)

    def add_peaks(self, ks: slice, peaks: np.ndarray, share: np.ndarray) -> None:
        """Add the peaks of some of the clusters (n, K, D) in the same images."""
        of_clusters = peaks[:, ks]
        n, k, D = of_clusters.shape
        self.x[ks] += of_clusters.sum(axis=0)
        self.xx[ks] += of_clusters.transpose(1, 2, 0) @ of_clusters.transpose(1, 0, 2)
        # one product for all clusters: rows of images stay where they are
        rows = peaks.reshape(n, -1)[:, ks.start * D : ks.stop * D]
        self.xy[ks] += computed(product, rows.T, share).reshape(k, D, -1)

    def of_clusters(self, ks: slice) -> "_Sums":
        """Return the sums of some clusters, float64."""
        sums = self.x[ks], self.y, self.xx[ks], self.xy[ks], self.yy
        return _Sums(self.n, *(part.astype(float) for part in sums))

    def __add__(self, other: "_Sums") -> "_Sums":
        return _Sums(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __sub__(self, other: "_Sums") -> "_Sums":
        return _Sums(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))


def _correlation(folds: list[_Sums]) -> np.ndarray:
    """Return the correlation of prediction and share for clusters from their sums by fold."""
    total = reduce(add, folds)
    # of the predictions, their squares, their products with y
    sums = np.zeros((3, len(total.x), len(total.y)))
    for held_out in folds:
        mean, weights = _regression(total - held_out)
        cross = _outer(held_out.x, mean)
        squares = held_out.xx - cross - cross.transpose(0, 2, 1)
        squares += held_out.n * _outer(mean, mean)
        sums[0] += ((held_out.x - held_out.n * mean)[:, None] @ weights)[:, 0]
        sums[1] += np.einsum("kdt,kdt->kt", weights, squares @ weights)
        sums[2] += np.einsum("kdt,kdt->kt", weights, held_out.xy)
        sums[2] -= (mean[:, None] @ weights)[:, 0] * held_out.y
    predicted, squares, products = sums
    variance = (squares - predicted**2 / total.n) * (total.yy - total.y**2 / total.n)
    norm = np.sqrt(np.maximum(variance, 0))
    product = products - predicted * total.y / total.n
    return np.clip(np.divide(product, norm, out=np.zeros_like(norm), where=norm > 1e-9), 0, 1)


def _regression(known: _Sums) -> tuple[np.ndarray, np.ndarray]:
    """Return mean peaks and ridge weights on the centred peaks, shapes (k, D) and (k, D, T)."""
    mean = known.x / known.n
    covariance = known.xx / known.n - _outer(mean, mean)
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    varies = variance > 1e-6 * variance.max(axis=1, keepdims=True)
    scale = np.sqrt(np.where(varies, variance, np.inf))
    solve = ridge_solver(covariance / _outer(scale, scale), PENALTY)
    # fewer peaks than attributes: the inverse, in units of the peaks, and its products with these
    inverse = solve(np.eye(len(scale[0])) / scale[:, None]) / scale[:, :, None] / known.n
    weights = inverse @ known.xy
    weights -= _outer((inverse @ mean[:, :, None])[:, :, 0], known.y)
    return mean, weights


def _outer(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the outer product of each row of (k, n) with that of (k, m), or with (m,)."""
    return left[:, :, None] * right[..., None, :]
