"""The pass over the images: what is finished is kept, the rest is computed and joined."""

from dataclasses import replace

import numpy as np
from tqdm import tqdm

from fieldmarks.core.head import Head
from fieldmarks.core.live.network_file import MOMENTS
from fieldmarks.core.run.contract import PACKS
from fieldmarks.core.run.files import array_path
from fieldmarks.core.run.writer import RunWriter
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.data.decoding import Decoder
from fieldmarks.precompute.network.forward import N_LOCAL, Forward
from fieldmarks.precompute.network.loading import LoadedModel
from fieldmarks.precompute.parallel.ranks import Ranks
from fieldmarks.precompute.pipeline.chunks import Chunk, Chunking, ChunkStore
from fieldmarks.precompute.pipeline.stages import activation_pass
from fieldmarks.precompute.pipeline.stages.activation_pass import Recorder, RowFiles
from fieldmarks.precompute.pipeline.stages.failures_so_far import FailuresSoFar
from fieldmarks.precompute.pipeline.work import Work

#: What a head of first order keeps of each image.
LOCAL = ["local_c", "local_weights"]
#: Images averaged at a time.
_BLOCK = 256


def compute(work: Work) -> None:
    """Compute the stage ``activations``."""
    inputs, settings = work.inputs, work.inputs.settings
    work.chunks = write_activations(
        work.writer,
        work.chunking,
        work.chunks,
        inputs.model,
        inputs.forward(settings.compile),
        work.ranks,
        batch_size=inputs.batch_size,
        workers=inputs.workers,
        thumb_size=settings.thumb_size,
    )
    work.has_thumbnails = True


def write_activations(
    writer: RunWriter,
    chunking: Chunking,
    chunks: list[Chunk],
    model: LoadedModel,
    forward: Forward,
    ranks: Ranks,
    *,
    batch_size: int,
    workers: int,
    thumb_size: int,
) -> list[Chunk]:
    """Compute the chunks that are not finished, join all, write what belongs to the network.

    Parameters
    ----------
    writer : RunWriter
    chunking, chunks
        How the images are divided.
    model, forward
        The network, and the same ready to be run.
    ranks : Ranks
    batch_size, workers, thumb_size : int

    Returns
    -------
    list of Chunk
        As they were computed: a file that changed meanwhile gives another fingerprint.
    """
    dataset, map_row = chunking.dataset, chunking.map_row
    store = ChunkStore(writer.folder / "chunks", thumb_size)
    C, F = model.class_weights.shape
    H, W = model.cell_centres.shape[:2]
    sizes = {"X": len(map_row), "F": F, "C": C, "H": H, "W": W}
    sizes |= {"M": int((map_row >= 0).sum()), "P": len(dataset.part_names)}
    names = ["pooled", "logits", "parts", "maps"]
    if model.blocks:
        names.append(MOMENTS)
        sizes["B"] = model.n_moments
    else:
        array_path(writer.folder, MOMENTS).unlink(missing_ok=True)
    if model.head.is_exact:
        for name in LOCAL:
            array_path(writer.folder, name).unlink(missing_ok=True)
    else:
        names += LOCAL
        sizes["J"] = min(N_LOCAL, C)
    if ranks.is_first:
        is_kept = [writer.create(name, sizes) for name in names]
        store.forget_all_but(chunks if all(is_kept) else [])
    ranks.barrier()
    rows = RowFiles({name: writer.rows(name) for name in names}, map_row)
    todo = ranks.share([chunk for chunk in chunks if not store.has(chunk)])
    so_far = _finished_before(writer, dataset, store, chunks) if ranks.is_first else None
    record = Recorder(chunking.identify, {chunk.stop for chunk in chunks}, rows, store, so_far)
    with tqdm(
        total=len(map_row) if ranks.size == 1 else None,
        initial=len(map_row) - sum(c.stop - c.start for c in todo) if ranks.size == 1 else 0,
        desc="activations",
        unit=" images",
        disable=not ranks.is_first,
    ) as progress:
        activation_pass.compute(
            [span for chunk in todo for span in chunk.batches(batch_size)],
            Decoder(dataset, model.preprocessing, thumb_size),
            forward,
            record,
            workers=workers,
            progress=progress,
        )
    rows.close()
    recorded = {
        start: c
        for recorded_by_rank in ranks.gather(record.recorded)
        for start, c in recorded_by_rank.items()
    }
    chunks = [recorded.get(chunk.start, chunk) for chunk in chunks]
    if ranks.is_first:
        _join(writer, store, chunks)
        writer.put("map_row", map_row)
        head = model.head if model.head.is_exact else average_head(writer, dataset, model.head)
        writer.put("class_weights", head.weights)
        writer.put("class_bias", head.bias)
        writer.put("cell_centres", model.cell_centres)
    return chunks


def _finished_before(
    writer: RunWriter, dataset: Dataset, store: ChunkStore, chunks: list[Chunk]
) -> FailuresSoFar:
    """Return what an interrupted pass found."""
    so_far = FailuresSoFar(writer.folder, dataset)
    logits = np.load(array_path(writer.folder, "logits"), mmap_mode="r")
    for chunk in filter(store.has, chunks):
        so_far.add(chunk.start, logits[chunk.start : chunk.stop], store.thumbs(chunk))
    so_far.write()
    return so_far


def average_head(writer: RunWriter, dataset: Dataset, head: Head) -> Head:
    """Return the average of a first-order head's weights over the training images.

    Of each class over the images in which it is in play: it stands for the class where no image is
    given, and for classes that are not in play.
    """
    local_c, local_weights, pooled, logits = (
        np.load(array_path(writer.folder, name), mmap_mode="r")
        for name in (*LOCAL, "pooled", "logits")
    )
    xs = np.flatnonzero(dataset.images["is_train"].to_numpy())
    weights, bias = np.zeros(head.weights.shape), np.zeros(len(head.bias))
    n_images = np.zeros(len(bias))
    for start in range(0, len(xs), _BLOCK):
        block = xs[start : start + _BLOCK]
        parts = (local_weights[block] * pooled[block][:, None]).sum(axis=-1)
        rest = np.take_along_axis(logits[block], local_c[block], axis=1) - parts
        for j in range(local_c.shape[1]):
            np.add.at(weights, local_c[block, j], local_weights[block, j])
            np.add.at(bias, local_c[block, j], rest[:, j])
            np.add.at(n_images, local_c[block, j], 1)
    n_images = np.maximum(n_images, 1)
    return replace(head, weights=weights / n_images[:, None], bias=bias / n_images)


def _join(writer: RunWriter, store: ChunkStore, chunks: list[Chunk]) -> None:
    facts = writer.folder / "tables" / "facts.parquet"
    offsets = store.collect(chunks, facts, writer.folder / PACKS["thumb"][0])
    writer.put("thumb_offsets", offsets)
