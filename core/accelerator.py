"""Large products, computed by numpy or on the device of a run.

A formula is a function of ``xp`` and arrays. ``xp`` has the functions that numpy and PyTorch share
by name and arguments (``sqrt``, ``clip(values, low, high)``, ``einsum``), ``expit`` and
``kth_largest``. So a formula stands once and gives the same on both within the rounding of float32.
This package knows no PyTorch: the pipeline gives the accelerator,
`precompute.network.torch_accelerator`. Without one a formula is called with numpy's arrays as they
are.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from scipy.special import expit

#: From ``xp`` and arrays to an array.
Formula = Callable[..., Any]
#: Called with a formula, its arrays and those that are kept; see `computed`.
Accelerator = Callable[[Formula, Sequence[np.ndarray], Sequence[np.ndarray]], np.ndarray]


class _Numpy:
    """What formulas call where there is no accelerator."""

    expit = staticmethod(expit)

    @staticmethod
    def kth_largest(values: np.ndarray, k: int) -> np.ndarray:
        """Return the k-th largest value of each row."""
        at = values.shape[1] - k
        return np.partition(values, at, axis=1)[:, at]

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


NUMPY = _Numpy()
_accelerator: Accelerator | None = None


@contextmanager
def accelerated(accelerator: Accelerator | None) -> Iterator[None]:
    """Compute the formulas of all threads by an accelerator, None for numpy, in this context."""
    global _accelerator  # not a context variable: threads of a pool would not have it
    before, _accelerator = _accelerator, accelerator
    try:
        yield
    finally:
        _accelerator = before


def is_accelerated() -> bool:
    """Return whether a device computes: it takes larger blocks than the cache of a processor."""
    return _accelerator is not None


def computed(formula: Formula, *arrays: np.ndarray, kept: Sequence[np.ndarray] = ()) -> np.ndarray:
    """Return ``formula(xp, *arrays, *kept)``.

    Parameters
    ----------
    formula : callable
    *arrays : ndarray
        Blocks of rows, so that the memory of a small device suffices.
    kept : sequence of ndarray
        Those that are the same in many calls and never written: a device keeps each for as long as
        the array itself lives.

    >>> computed(product, np.array([[1.0, 2.0]]), kept=[np.array([[3.0], [4.0]])])
    array([[11.]])
    """
    if _accelerator is None:
        return formula(NUMPY, *arrays, *kept)
    return _accelerator(formula, arrays, kept)


def product(xp: Any, first: Any, second: Any) -> Any:
    """Return the product of two matrices."""
    return first @ second


def gram(xp: Any, columns: Any) -> Any:
    """Return the products of the columns of a matrix with each other."""
    return columns.T @ columns
