"""Prefetching: threads compute a few results in advance."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def work_ahead(
    pool: Executor, function: Callable[[Task], Result], tasks: Iterable[Task], ahead: int
) -> Iterator[Result]:
    """Yield ``function(task)`` for each task in order, with at most ``ahead`` made in advance.

    Memory stays flat however long the list is. Where a task fails its error is raised in its turn,
    and tasks that have not begun are dropped.
    """
    pending = deque()
    try:
        for task in tasks:
            pending.append(pool.submit(function, task))
            if len(pending) > ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()
