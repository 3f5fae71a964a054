"""Descriptions of classes by captions: how often each attribute is named of their images."""

import numpy as np
from scipy import sparse

from fieldmarks.core.class_statistics import class_sums


def class_descriptions(share: sparse.csr_array, true_c: np.ndarray, C: int) -> np.ndarray:
    """Return the mean share of captions that name t over the images of each class.

    Parameters
    ----------
    share : csr_array of shape (n, T)
        Share of each image's captions that name t, in [0, 1].
    true_c : ndarray of shape (n,)
        Class of each image.
    C : int
        Number of classes.

    Returns
    -------
    ndarray of shape (C, T), float64
        In [0, 1]; NaN for a class of which nothing is said.
    """
    n = np.bincount(true_c, minlength=C)[:, None].astype(float)
    n[n == 0] = np.nan
    return class_sums(share, true_c, C) / n


def directions(descriptions: np.ndarray, is_seen: np.ndarray) -> np.ndarray:
    """Return descriptions as unit vectors from the mean of the seen classes, shape (C, T).

    What all classes have is no evidence for any. A class without a description, or with that of
    the mean, is 0.

    Parameters
    ----------
    descriptions : ndarray of shape (C, T)
        NaN rows for classes without one.
    is_seen : ndarray of shape (C,), bool

    >>> directions(np.array([[0.2, 0.4], [0.4, 0.4], [0.3, 0.9]]), np.array([True, True, False]))
    array([[-1.,  0.],
           [ 1.,  0.],
           [ 0.,  1.]])
    """
    is_described = np.isfinite(descriptions).all(axis=1)
    centred = descriptions - descriptions[is_described & is_seen].mean(axis=0)
    centred[~is_described] = 0
    centred[np.abs(centred) < 1e-12] = 0
    length = np.sqrt(np.square(centred).sum(axis=1, keepdims=True))
    return np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)
