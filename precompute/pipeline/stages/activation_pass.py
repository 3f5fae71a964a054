"""The forward pass over all images: from files to maps, pooled activations, logits and thumbnails.

Decoding, computing and writing run concurrently, memory does not grow with the number of images,
and a finished chunk is not computed again.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from tqdm import tqdm

from fieldmarks.core.errors import ModelError
from fieldmarks.core.run.row_file import RowFile
from fieldmarks.precompute.data.decoding import Batch, Decoder
from fieldmarks.precompute.data.loading import decoded_batches
from fieldmarks.precompute.network.forward import BatchActivations, Forward, threads_of_torch
from fieldmarks.precompute.parallel.prefetch import work_ahead
from fieldmarks.precompute.pipeline.chunks import Chunk, ChunkStore
from fieldmarks.precompute.pipeline.stages.failures_so_far import FailuresSoFar

#: Batches that may wait for the disk.
_UNWRITTEN = 4

Result = tuple[Batch, BatchActivations]


@dataclass(frozen=True)
class RowFiles:
    """The arrays of the run that the pass fills, row by row.

    Parameters
    ----------
    files : dict of RowFile
        ``pooled``, ``logits``, ``parts`` and ``maps``; ``block_moments`` where the network has
        earlier blocks; of a head of first order also ``local_c`` and ``local_weights``.
    map_row : ndarray of shape (X,)
        Row of each image in maps, -1 where they are not kept.
    """

    files: dict[str, RowFile]
    map_row: np.ndarray

    def write(self, batch: Batch, arrays: dict[str, np.ndarray]) -> None:
        """Write the rows of one batch."""
        arrays = dict(arrays)
        maps = arrays.pop("maps")
        if not all(np.isfinite(array).all() for array in arrays.values()):
            raise ModelError(
                "the network gives activations that are not finite: is the checkpoint valid?"
            )
        for name, array in arrays.items():
            self.files[name].write(batch.start, array)
        self.files["parts"].write(batch.start, batch.parts)
        rows = self.map_row[batch.start : batch.stop]
        is_kept = rows >= 0
        if is_kept.any():
            # kept rows are numbered in the order of the images, so they lie one after the other
            self.files["maps"].write(int(rows[is_kept][0]), maps[is_kept])

    def sync(self) -> None:
        """Return when all rows written so far are on the disk."""
        for file in self.files.values():
            file.sync()

    def close(self) -> None:
        """Close the files."""
        for file in self.files.values():
            file.close()


class Recorder:
    """Writes batches in their order, and records each chunk when its last batch is written.

    Parameters
    ----------
    identify : callable
        Gives the chunk for start, stop and the files as they were found when they were read.
    stops : iterable of int
        Where chunks end.
    rows, store
        Where results go.
    so_far : FailuresSoFar, optional
        Gets the images of each finished chunk.

    Attributes
    ----------
    recorded : dict of Chunk by start
    """

    def __init__(
        self,
        identify: Callable[..., Chunk],
        stops: set[int],
        rows: RowFiles,
        store: ChunkStore,
        so_far: FailuresSoFar | None = None,
    ):
        self._identify, self._stops, self._rows, self._store = identify, stops, rows, store
        self._so_far, self._batches, self._logits = so_far, list[Batch](), list[np.ndarray]()
        self.recorded: dict[int, Chunk] = {}

    def __call__(self, result: Result) -> int:
        """Write one batch and return how many images it has."""
        batch, activations = result
        arrays = activations.arrays()
        self._rows.write(batch, arrays)
        self._batches.append(batch)
        self._logits.append(arrays["logits"])
        if batch.stop in self._stops:
            self._record()
        return batch.stop - batch.start

    def _record(self) -> None:
        self._rows.sync()
        facts = pd.concat([batch.facts for batch in self._batches], ignore_index=True)
        thumbs = [thumb for batch in self._batches for thumb in batch.thumbs]
        start, stop = self._batches[0].start, self._batches[-1].stop
        chunk = self._identify(start, stop, facts["listed"].tolist())
        self._store.put(chunk, facts, thumbs)
        self.recorded[start] = chunk
        if self._so_far is not None:
            self._so_far.add(start, np.concatenate(self._logits), thumbs.__getitem__)
            self._so_far.write()
        self._batches, self._logits = [], []


def compute(
    tasks: list[tuple[int, int]],
    decoder: Decoder,
    forward: Forward,
    record: Callable[[Result], int],
    *,
    workers: int,
    progress: tqdm,
) -> None:
    """Decode, compute and record batches.

    Parameters
    ----------
    tasks : list of tuple
        First and last + 1 image of each batch.
    decoder, forward, record
        Where images come from, what computes, and where results go.
    workers : int
        Threads or processes that decode, and on a CPU also compute.
    progress : tqdm
        Advanced by one for each image.
    """
    with ThreadPoolExecutor(1, "write") as writer, threads_of_torch(1):
        results = _results(decoder, forward, tasks, workers)
        for n_images in work_ahead(writer, record, results, ahead=_UNWRITTEN):
            progress.update(n_images)


def _results(
    decoder: Decoder, forward: Forward, tasks: list[tuple[int, int]], workers: int
) -> Iterator[Result]:
    """Yield decoded batches and their activations in order."""

    def decode_and_compute(task: tuple[int, int]) -> Result:
        batch = decoder.batch(*task)
        return batch, forward(batch.take_pixels(), decoder.labels(batch))

    if forward.device.type == "cpu":
        with ThreadPoolExecutor(workers, "decode") as pool:
            yield from work_ahead(pool, decode_and_compute, tasks, workers + 2)
        return
    for batch in decoded_batches(decoder, tasks, workers, forward.device.type):
        yield batch, forward(batch.take_pixels(), decoder.labels(batch))
