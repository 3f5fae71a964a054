"""Location of an attribute: which cluster of cells predicts it for held-out classes.

For the classes that a network was trained on, every map cell predicts the class and with it all of
its attributes, which does not locate them. Predicting an attribute for a held-out class requires
the attribute itself, and works best from the cell where the attribute is.
"""

from dataclasses import dataclass, fields
from functools import reduce
from operator import add

import numpy as np
from scipy import sparse
from sklearn.model_selection import GroupKFold

from fieldmarks.core.accelerator import computed, is_accelerated, product
from fieldmarks.core.batching import blocks, in_threads
from fieldmarks.core.ridge_regression import ridge_solver

#: Number of folds; each fold holds out a group of classes.
N_FOLDS = 8
#: Ridge penalty as a share of the number of images; the features are standardised.
PENALTY = 3.0
#: Clusters of a job: long enough that threads do not wait for each other between products.
_CLUSTERS = 16
#: Shares of captions of which less than one in so many is not 0 are multiplied as a sparse array.
_SPARSE = 8


@dataclass(frozen=True)
class FoldShares:
    """The shares of captions of images that are left out together.

    Parameters
    ----------
    fold : int
    at : ndarray of shape (n,)
        Positions of the images among those given.
    share : csr_array or ndarray of shape (T, n), float32
    sum, squares : ndarray of shape (T,), float64
        Of the shares and of their squares.
    """

    fold: int
    at: np.ndarray
    share: sparse.csr_array | np.ndarray
    sum: np.ndarray
    squares: np.ndarray

    def products(self, peaks: np.ndarray) -> np.ndarray:
        """Return the products of shares with peaks of shape (n, m), shape (T, m)."""
        if sparse.issparse(self.share):
            return self.share @ peaks
        return computed(product, self.share, peaks)


class Folds:
    """Groups of classes that are left out in turn.

    Parameters
    ----------
    true_c : ndarray of shape (X,)
        Classes; at least 2.
    """

    def __init__(self, true_c: np.ndarray):
        self._fold = np.empty(len(true_c), int)
        self.size = min(N_FOLDS, len(np.unique(true_c)))
        for i, (_, left_out) in enumerate(GroupKFold(self.size).split(true_c, groups=true_c)):
            self._fold[left_out] = i

    def shares(self, rows: np.ndarray, share: sparse.csr_array) -> list[FoldShares]:
        """Return the shares of captions of some images, fold by fold.

        Parameters
        ----------
        rows : ndarray of shape (n,)
            Indices of the images.
        share : csr_array of shape (n, T)
            Share of captions that name t.
        """
        is_dense = is_accelerated() or share.nnz * _SPARSE > share.shape[0] * share.shape[1]
        of_folds = []
        for i in np.unique(self._fold[rows]):
            at = np.flatnonzero(self._fold[rows] == i)
            own = share[at].astype(np.float32)
            of_images = own.T.tocsr() if not is_dense else np.ascontiguousarray(own.toarray().T)
            squares = own.multiply(own).sum(axis=0, dtype=float)
            total = own.sum(axis=0, dtype=float)
            of_folds.append(FoldShares(int(i), at, of_images, total, squares))
        return of_folds


class PeakSums:
    """Sums over the images of each fold, sufficient for the regressions and their correlations.

    Parameters
    ----------
    folds : Folds
    """

    def __init__(self, folds: Folds):
        self._n_folds = folds.size
        self._sums: list[_Sums] = []
        self._centre = np.empty((0, 0), np.float32)

    def add(self, images: FoldShares, peaks: np.ndarray) -> None:
        """Add images of one fold.

        Parameters
        ----------
        images : FoldShares
        peaks : ndarray of shape (n, K, D)
            Features of the cell at which the detector of cluster k is most active. They may be
            overwritten.
        """
        if not self._sums:  # any point near the mean, for the precision of sums of squares
            self._centre = peaks.mean(axis=0, dtype=np.float32)
            K, D = peaks.shape[1:]
            self._sums = [_Sums.zeros(K, D, len(images.sum)) for _ in range(self._n_folds)]
        sums = self._sums[images.fold]
        sums.n += len(peaks)
        sums.y += images.sum
        sums.yy += images.squares

        def add_clusters(ks: slice) -> None:
            sums.add_peaks(ks, (peaks[:, ks] - self._centre[ks]).astype(np.float32), images)

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
    yx: np.ndarray
    yy: np.ndarray

    @classmethod
    def zeros(cls, K: int, D: int, T: int) -> "_Sums":
        """Return the sums over no images, those of peaks in float32: x of shape (K, D)."""
        of_peaks = (np.zeros(shape, np.float32) for shape in ((K, D), (K, D, D), (K, T, D)))
        x, xx, yx = of_peaks
        return cls(0, x, np.zeros(T), xx, yx, np.zeros(T))

    def add_peaks(self, ks: slice, peaks: np.ndarray, images: FoldShares) -> None:
        """Add the peaks of some of the clusters, shape (n, k, D)."""
        n, k, D = peaks.shape
        self.x[ks] += peaks.sum(axis=0)
        self.xx[ks] += peaks.transpose(1, 2, 0) @ peaks.transpose(1, 0, 2)
        # one product for all clusters: rows of images stay where they are
        products = images.products(peaks.reshape(n, -1)).reshape(-1, k, D)
        self.yx[ks] += products.transpose(1, 0, 2)

    def of_clusters(self, ks: slice) -> "_Sums":
        """Return the sums of some clusters; what is not multiplied by all attributes in float64."""
        x, xx = (part[ks].astype(float) for part in (self.x, self.xx))
        return _Sums(self.n, x, self.y, xx, self.yx[ks], self.yy)

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
        centred, squares = ((held_out.x - held_out.n * mean), squares.astype(np.float32))
        sums[0] += _of_weights(weights, centred)
        sums[1] += np.einsum("ktd,ktd->kt", weights, weights @ squares)
        sums[2] += np.einsum("ktd,ktd->kt", weights, held_out.yx)
        sums[2] -= _of_weights(weights, mean) * held_out.y
    predicted, squares, products = sums
    variance = (squares - predicted**2 / total.n) * (total.yy - total.y**2 / total.n)
    norm = np.sqrt(np.maximum(variance, 0))
    product = products - predicted * total.y / total.n
    return np.clip(np.divide(product, norm, out=np.zeros_like(norm), where=norm > 1e-9), 0, 1)


def _of_weights(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the products of weights (k, T, D) with values (k, D), shape (k, T)."""
    return (weights @ values[:, :, None].astype(np.float32))[:, :, 0]


def _regression(known: _Sums) -> tuple[np.ndarray, np.ndarray]:
    """Return mean peaks and ridge weights on the centred peaks, shapes (k, D) and (k, T, D)."""
    mean = known.x / known.n
    covariance = known.xx / known.n - _outer(mean, mean)
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    varies = variance > 1e-6 * variance.max(axis=1, keepdims=True)
    scale = np.sqrt(np.where(varies, variance, np.inf))
    solve = ridge_solver(covariance / _outer(scale, scale), PENALTY)
    # fewer peaks than attributes: the inverse, in units of the peaks, and its products with these
    inverse = solve(np.eye(len(scale[0])) / scale[:, None]) / scale[:, :, None] / known.n
    weights = known.yx @ inverse.astype(np.float32)
    of_mean = (inverse @ mean[:, :, None])[:, None, :, 0]
    weights -= (known.y[:, None] * of_mean).astype(np.float32)
    return mean, weights


def _outer(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the outer product of each row of (k, n) with that of (k, m)."""
    return left[:, :, None] * right[:, None, :]
