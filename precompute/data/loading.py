"""Decoded batches in order, prefetched by threads or by processes.

Beside a GPU, decoding bounds the pass, and threads wait for each other in what Python does between
two calls of Pillow: 16 of them decode no faster than two. Processes do not wait. They are those of
PyTorch's `DataLoader`, which hands pixels over in shared memory and notices a process that dies.
"""

import os
import shutil
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

from torch.utils.data import DataLoader, Dataset

from fieldmarks.precompute.data.decoding import Batch, Decoder
from fieldmarks.precompute.parallel.prefetch import work_ahead

Task = tuple[int, int]
#: Batches that each process prepares in advance.
_AHEAD = 2
_SHARED_MEMORY = "/dev/shm"
#: Seconds between two looks of a process at whether its parent is there.
_WATCHED_EVERY = 0.5


class _Batches(Dataset):
    def __init__(self, decoder: Decoder, tasks: list[Task]):
        self._decoder, self._tasks = decoder, tasks

    def __len__(self) -> int:
        return len(self._tasks)

    def __getitem__(self, i: int) -> Batch:
        return self._decoder.batch(*self._tasks[i])


def decoded_batches(
    decoder: Decoder, tasks: list[Task], workers: int, device: str
) -> Generator[Batch, None, None]:
    """Yield the batch of each task in order, prefetched for a device of type ``device``.

    Processes decode for CUDA where there are several and shared memory holds their batches,
    threads otherwise.
    """
    if device == "cuda" and workers > 1 and has_room(decoder, tasks, workers):
        yield from by_processes(decoder, tasks, workers, is_pinned=True)
    else:
        yield from by_threads(decoder, tasks, workers, is_pinned=device == "cuda")


def by_threads(
    decoder: Decoder, tasks: list[Task], workers: int, is_pinned: bool = False
) -> Generator[Batch, None, None]:
    """Yield the batch of each task in order, decoded by threads; pinned: see `Batch.pin_memory`."""

    def decode(task: Task) -> Batch:
        batch = decoder.batch(*task)
        return batch.pin_memory() if is_pinned else batch

    with ThreadPoolExecutor(workers, "decode") as pool:
        yield from work_ahead(pool, decode, tasks, workers + 2)


def by_processes(
    decoder: Decoder, tasks: list[Task], workers: int, is_pinned: bool = False
) -> Generator[Batch, None, None]:
    """Yield the batch of each task in order, decoded by processes; pinned as of `by_threads`."""
    loader = DataLoader(
        _Batches(decoder, tasks),
        batch_size=None,
        num_workers=min(workers, len(tasks)),
        prefetch_factor=_AHEAD,
        pin_memory=is_pinned,
        worker_init_fn=_end_with_parent,
    )
    batches = iter(loader)
    try:
        yield from batches
    finally:
        # Private: PyTorch has no public way to end these processes. Collected as garbage after an
        # error, the iterator waits five seconds for each of them.
        batches._shutdown_workers()  # noqa: SLF001  # pyright: ignore[reportAttributeAccessIssue]


def _end_with_parent(_: int) -> None:
    """Let this process end when its parent is killed, whose lock on the run it has inherited.

    Otherwise it would wait for its last batches to be read.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCHED_EVERY)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def has_room(decoder: Decoder, tasks: list[Task], workers: int) -> bool:
    """Return whether shared memory holds the batches that processes prepare.

    A container has 64 MB of it by default, and a process that finds none is killed.
    """
    largest = max((stop - start for start, stop in tasks), default=0) * decoder.image_bytes
    try:
        return shutil.disk_usage(_SHARED_MEMORY).free > 2 * (_AHEAD * workers + 1) * largest
    except OSError:
        return False
