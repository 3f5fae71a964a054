"""The processes that compute together; one process by default.

Core computes in one process. Where several share the work, `precompute.parallel.ranks.Ranks`
assigns the parts and sums the results, so that core needs no library for it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Processes:
    """One process; the interface of several.

    What several compute is the same as what one does, bit for bit: they divide items that do not
    depend on each other, and sum arrays in which no two of them fill the same place, or integers.

    Parameters
    ----------
    rank : int
        This process, 0 the first.
    size : int
        How many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is rank 0, which does the work of a single process."""
        return self.rank == 0

    def share(self, items: list[Item]) -> list[Item]:
        """Return the items of this process.

        >>> Processes(1, 3).share(["a", "b", "c", "d", "e"])
        ['b', 'e']
        """
        return items[self.rank :: self.size]

    def total(self, values: np.ndarray) -> np.ndarray:
        """Return the sum over processes of an array of the same shape on each, in its dtype."""
        return values

    def gather(self, value: Item) -> list[Item]:
        """Return the values of all processes, by rank, on each of them."""
        return [value]

    def in_order(self, function: Callable[[int], Result], n: int) -> Iterator[Result]:
        """Yield function(0), ... function(n - 1) on each process; each is computed by one."""
        yield from map(function, range(n))


#: This process alone.
ONE_PROCESS = Processes()
