"""Batch processing: blocks of rows with constant memory, and independent jobs in a thread pool.

Dividing a product of small matrices among the cores costs more synchronisation than computation.
Each job therefore runs with one BLAS thread, and the jobs run in parallel.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from os import cpu_count
from typing import TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

Job = TypeVar("Job")
Result = TypeVar("Result")

#: Rows processed at a time.
BLOCK = 512
#: Threads at most: jobs wait for each other in Python, so that on 16 cores 16 threads took half as
#: long again as four.
MAX_THREADS = 4


def blocks(n: int, size: int = BLOCK) -> Iterator[slice]:
    """Yield slices that cover n rows, ``size`` at a time.

    >>> list(blocks(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    yield from (slice(start, min(start + size, n)) for start in range(0, n, size))


class RowSubset:
    """A subset of the rows of a larger array, read when it is sliced.

    Parameters
    ----------
    array : ndarray of shape (N, ...)
        May be a memory map.
    rows : ndarray of shape (n,)

    >>> RowSubset(np.array([[5.0], [6.0], [7.0]]), np.array([2, 0]))[0:2].ravel()
    array([7., 5.])
    """

    def __init__(self, array: "np.ndarray | RowSubset", rows: np.ndarray):
        self._array, self._rows = array, rows
        self.shape = (len(rows), *array.shape[1:])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, selection: slice | np.ndarray) -> np.ndarray:
        return np.asarray(self._array[self._rows[selection]])


def in_threads(function: Callable[[Job], Result], jobs: Iterable[Job]) -> list[Result]:
    """Return the function's result for each job, in order; a single job needs no thread.

    >>> in_threads(len, ["a", "bird"])
    [1, 4]
    """
    jobs = list(jobs)
    if len(jobs) == 1:
        return [function(jobs[0])]
    with products_by_one_thread(), ThreadPoolExecutor(n_threads()) as pool:
        return list(pool.map(function, jobs))


def n_threads() -> int:
    """Return how many jobs run in parallel."""
    return min(MAX_THREADS, cpu_count() or 1)


def products_by_one_thread() -> AbstractContextManager[object]:
    """Return a context in which each product of numpy and scipy uses one thread."""
    return _blas().limit(limits=1, user_api="blas")


@cache
def _blas() -> ThreadpoolController:
    """Return what holds the threads of numpy's and scipy's products; to look takes 3 ms."""
    import scipy.linalg  # noqa: F401, so that its library is loaded

    return ThreadpoolController()
