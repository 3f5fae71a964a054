"""Sums of matrix products that are taken block by block, in place: BLAS adds as it multiplies."""

import numpy as np
from scipy.linalg import blas


def add_squares(total: np.ndarray, rows: np.ndarray) -> None:
    """Add ``rows.T @ rows`` to one triangle of ``total``: half the work; see `symmetric`.

    Parameters
    ----------
    total : ndarray of shape (D, D), float32
        C-ordered.
    rows : ndarray of shape (n, D), float32
        C-ordered.
    """
    blas.ssyrk(1, rows.T, beta=1, c=total.T, overwrite_c=1)


def symmetric(total: np.ndarray) -> np.ndarray:
    """Return the whole of what `add_squares` summed.

    >>> total = np.zeros((2, 2), np.float32)
    >>> add_squares(total, np.array([[1, 2], [0, 3]], np.float32))
    >>> symmetric(total)
    array([[ 1.,  2.],
           [ 2., 13.]], dtype=float32)
    """
    return np.tril(total) + np.tril(total, -1).T


def add_products(total: np.ndarray, first: np.ndarray, second: np.ndarray) -> None:
    """Add ``first.T @ second`` to ``total``.

    Parameters
    ----------
    total : ndarray of shape (D, T), float32
    first : ndarray of shape (n, D), float32
    second : ndarray of shape (n, T), float32
        All C-ordered.

    >>> total = np.zeros((1, 2), np.float32)
    >>> add_products(total, np.array([[2]], np.float32), np.array([[3, 4]], np.float32))
    >>> total
    array([[6., 8.]], dtype=float32)
    """
    blas.sgemm(1, second.T, first.T, beta=1, c=total.T, trans_b=1, overwrite_c=1)
