"""The solution of a ridge regression from products that were summed over images."""

from collections.abc import Callable

import numpy as np
from scipy import linalg

Solver = Callable[[np.ndarray], np.ndarray]


def ridge_solver(gram: np.ndarray, penalty: float) -> Solver:
    """Return a function that solves (G + penalty I) W = B for any products B.

    Parameters
    ----------
    gram : ndarray of shape (n, n) or (k, n, n)
        Products G of the inputs, symmetric and not indefinite; of k regressions at once.
    penalty : float
        Above 0.

    >>> ridge_solver(np.array([[3.0]]), 1.0)(np.array([[8.0]]))
    array([[2.]])
    """
    shrunk = gram + gram.dtype.type(penalty) * np.eye(gram.shape[-1], dtype=gram.dtype)
    if gram.ndim > 2:
        return lambda products: np.linalg.solve(shrunk, products)
    factor = linalg.cho_factor(shrunk, overwrite_a=True)
    return lambda products: linalg.cho_solve(factor, products)
