"""Data parallelism: several processes compute one run, on machines that share a file system.

``torchrun`` starts the processes and assigns their ranks. Every rank computes its share of the
images, of the permutations of the null and of the attributes, and writes rows of its own; sums,
top images, fingerprints and estimates are exchanged by gloo, also where the network runs on GPUs.
"""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta

import numpy as np
import torch
import torch.distributed as dist

from fieldmarks.core.processes import Item, Processes, Result

#: The first rank makes tables, diagnoses and scores alone while the others wait for it.
_PATIENCE = timedelta(hours=12)


class Ranks(Processes):
    """The processes of this run, see `core.processes.Processes`."""

    @classmethod
    def from_environment(cls) -> "Ranks":
        """Join the processes that ``torchrun`` started; a single process is rank 0 of 1."""
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return cls()
        if not dist.is_initialized():
            dist.init_process_group("gloo", timeout=_PATIENCE)
        return cls(dist.get_rank(), dist.get_world_size())

    def device(self, name: str) -> str:
        """Return the device that this rank uses: each takes a GPU of its own on its machine."""
        is_any = name == "cuda" or (name == "auto" and torch.cuda.is_available())
        if self.size == 1 or not is_any:
            return name
        return f"cuda:{int(os.environ.get('LOCAL_RANK', 0)) % torch.cuda.device_count()}"

    def barrier(self) -> None:
        """Wait until every rank is here."""
        if self.size > 1:
            dist.barrier()

    def total(self, values: np.ndarray) -> np.ndarray:
        """Return the sum over ranks of an array of the same shape on each, in its dtype."""
        if self.size == 1:
            return values
        values = np.array(values, order="C")
        dist.all_reduce(torch.from_numpy(values))
        return values

    def gather(self, value: Item) -> list[Item]:
        """Return the values of all ranks, by rank, on each of them."""
        if self.size == 1:
            return [value]
        values: list = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def in_order(self, function: Callable[[int], Result], n: int) -> Iterator[Result]:
        """Yield function(0), ... function(n - 1) on each rank; rank i % size computes the i-th."""
        for start in range(0, n, self.size):
            at = start + self.rank
            computed = [function(at)] if at < n else []
            for rank in range(min(self.size, n - start)):
                yield self._of_rank(rank, computed)

    def _of_rank(self, rank: int, computed: list[Result]) -> Result:
        """Return what another rank has computed, in a list of one there."""
        value: list = computed if rank == self.rank else [None]
        if self.size > 1:
            dist.broadcast_object_list(value, src=rank)
        return value[0]

    def leave(self) -> None:
        """Leave the process group."""
        if self.size > 1:
            dist.destroy_process_group()
