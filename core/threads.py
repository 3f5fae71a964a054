"""Many small jobs of linear algebra, a core each.

A product of small matrices that is divided among the cores waits longer for the slowest of them
than it computes, the more so on a busy machine; so each job runs on one core and the jobs beside
each other.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import TypeVar

from threadpoolctl import threadpool_limits

Job, Result = TypeVar("Job"), TypeVar("Result")


def in_threads(function: Callable[[Job], Result], jobs: Iterable[Job]) -> list[Result]:
    """Return the function's result for each job, in order.

    >>> in_threads(len, ["a", "bird"])
    [1, 4]
    """
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(cpu_count()) as pool:
        return list(pool.map(function, jobs))
