"""Data parallelism: several processes compute one run, on machines that share a file system.

``torchrun`` starts the processes and assigns their ranks. Every rank computes its share of the
chunks and writes their rows; only small values are exchanged (sums, top images, fingerprints), by
gloo also where the network runs on GPUs.
"""

import os
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import torch
import torch.distributed as dist

#: The first rank estimates alone while the others wait for it.
_PATIENCE = timedelta(hours=12)


@dataclass(frozen=True)
class Ranks:
    """The processes of this run.

    Parameters
    ----------
    rank : int
        This process, 0 the first.
    size : int
        How many there are.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def from_environment(cls) -> "Ranks":
        """Join the processes that ``torchrun`` started; a process by itself is rank 0 of 1."""
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return cls()
        if not dist.is_initialized():
            dist.init_process_group("gloo", timeout=_PATIENCE)
        return cls(dist.get_rank(), dist.get_world_size())

    @property
    def is_first(self) -> bool:
        """Whether this is rank 0, which does the work of a single process."""
        return self.rank == 0

    def device(self, name: str) -> str:
        """Return the device that this rank uses: each takes a GPU of its own on its machine."""
        is_any = name == "cuda" or (name == "auto" and torch.cuda.is_available())
        if self.size == 1 or not is_any:
            return name
        return f"cuda:{int(os.environ.get('LOCAL_RANK', 0)) % torch.cuda.device_count()}"

    def share(self, items: list) -> list:
        """Return this rank's items."""
        return items[self.rank :: self.size]

    def barrier(self) -> None:
        """Wait until every rank is here."""
        if self.size > 1:
            dist.barrier()

    def total(self, values: np.ndarray) -> np.ndarray:
        """Return the sum over ranks, in float64, of an array of the same shape on each."""
        values = np.ascontiguousarray(values, np.float64)
        if self.size > 1:
            dist.all_reduce(torch.from_numpy(values))
        return values

    def gather(self, value: object) -> list:
        """Return the values of all ranks, by rank, on each of them."""
        if self.size == 1:
            return [value]
        values: list[object] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def leave(self) -> None:
        """Leave the process group."""
        if self.size > 1:
            dist.destroy_process_group()
