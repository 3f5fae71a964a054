"""Top-activating images of each filter, and the images nearest to the mean of each class.

Both take one or two passes over blocks of images with memory that does not grow with X, and the
partial results of several processes can be merged.
"""

import numpy as np
from scipy import sparse

from fieldmarks.core.half_precision import to_float32

_LOW = np.uint64(0xFFFFFFFF)


class RunningTop:
    """The R top-activating images of each filter among all images added so far.

    A value and its image are packed into one 64-bit key that sorts by ascending value and, among
    equal values, by descending x. The result does not depend on the order or size of the blocks.

    Parameters
    ----------
    F, R : int
        Filters, and images kept for each.

    >>> top = RunningTop(F=1, R=2)
    >>> top.update(np.array([[3.0], [5.0], [3.0]]), np.array([7, 8, 9]))
    >>> top.images()
    array([[8, 7]], dtype=int32)
    """

    def __init__(self, F: int, R: int):
        self.keys = np.zeros((F, R), np.uint64)

    def update(self, pooled: np.ndarray, xs: np.ndarray) -> None:
        """Add a block of images.

        Parameters
        ----------
        pooled : ndarray of shape (n, F)
            Finite numbers.
        xs : ndarray of shape (n,)
            Indices of the images, below 2^32 - 1.
        """
        bits = np.ascontiguousarray(pooled.T, np.float32).view(np.uint32)
        is_negative = bits >> 31 == 1
        ordered = bits ^ np.where(is_negative, np.uint32(0xFFFFFFFF), np.uint32(0x80000000))
        self.merge((ordered.astype(np.uint64) << np.uint64(32)) | (_LOW - xs.astype(np.uint64)))

    def merge(self, keys: np.ndarray) -> None:
        """Add the keys of another `RunningTop`, shape (F, any)."""
        R = self.keys.shape[1]
        keys = np.concatenate([self.keys, keys], axis=1)
        self.keys = np.partition(keys, -R, axis=1)[:, -R:].copy()

    def images(self) -> np.ndarray:
        """Return the images by descending activation, shape (F, R), int32; -1 for none."""
        keys = np.sort(self.keys, axis=1)[:, ::-1]
        return (_LOW - (keys & _LOW)).astype(np.uint32).view(np.int32)


def class_sums(pooled: np.ndarray, c: np.ndarray, C: int) -> np.ndarray:
    """Return the sum of activations of each class, shape (C, F), float64.

    Parameters
    ----------
    pooled : ndarray or sparse array of shape (n, F)
    c : ndarray of shape (n,)
        Class of each row.
    C : int
        Number of classes.
    """
    n = len(c)
    membership = sparse.csr_array((np.ones(n), (c, np.arange(n))), shape=(C, n))
    if pooled.dtype == np.float16:
        pooled = to_float32(pooled)
    sums = membership @ pooled.astype(np.float64)
    return sums.toarray() if sparse.issparse(sums) else sums


def distances_to_mean(pooled: np.ndarray, c: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Return the Euclidean distance of each image to the mean of its class, shape (n,)."""
    return np.sqrt(np.square(pooled - means[c]).sum(axis=1))


def nearest(distance: np.ndarray, c: np.ndarray, C: int, N: int) -> np.ndarray:
    """Return the N images of each class with the smallest distance.

    Parameters
    ----------
    distance : ndarray of shape (X,)
        Infinite for images to leave out.
    c : ndarray of shape (X,)
    C, N : int

    Returns
    -------
    ndarray of shape (C, N), int32
        By ascending distance, -1 where there are fewer.

    >>> nearest(np.array([2.0, 1.0, np.inf]), np.array([0, 0, 1]), C=2, N=2)
    array([[ 1,  0],
           [-1, -1]], dtype=int32)
    """
    result = np.full((C, N), -1, np.int32)
    order = np.lexsort((distance, c))
    order = order[np.isfinite(distance[order])]
    starts = np.searchsorted(c[order], np.arange(C + 1))
    for cls in range(C):
        members = order[starts[cls] : starts[cls + 1]][:N]
        result[cls, : len(members)] = members
    return result
