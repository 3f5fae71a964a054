"""Thumbnails of another size, where the pass over the images need not be repeated."""

from collections.abc import Iterator

from fieldmarks.core.run.writer import RunWriter
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.data.decoding import Decoder
from fieldmarks.precompute.data.loading import by_threads
from fieldmarks.precompute.network.preprocessing import CompletePreprocessing
from fieldmarks.precompute.pipeline.work import Work

#: Images decoded at a time by a thread.
_BATCH = 16


def compute(work: Work) -> None:
    """Compute the stage ``thumbnails``, unless the pass over the images wrote them just now."""
    if not work.has_thumbnails:
        inputs = work.inputs
        write_thumbnails(
            work.writer,
            inputs.dataset,
            inputs.model.preprocessing,
            inputs.settings.thumb_size,
            inputs.workers,
        )


def write_thumbnails(
    writer: RunWriter,
    dataset: Dataset,
    fed: CompletePreprocessing,
    thumb_size: int,
    workers: int,
) -> None:
    """Decode all images and write their thumbnails; the pass over the images writes the same.

    Parameters
    ----------
    writer : RunWriter
    dataset : Dataset
    fed : CompletePreprocessing
        How the network sees the images.
    thumb_size : int
        Side in pixels.
    workers : int
        Threads.
    """
    X = len(dataset.images)
    tasks = [(start, min(start + _BATCH, X)) for start in range(0, X, _BATCH)]

    def thumbs() -> Iterator[bytes]:
        for batch in by_threads(Decoder(dataset, fed, thumb_size), tasks, workers):
            yield from batch.thumbs

    writer.put_pack("thumb", thumbs())
