"""The pass over the images: what is finished is kept, the rest is computed and joined."""

from tqdm import tqdm

from core.runs.contract import PACKS
from core.runs.writer import RunWriter
from precompute.images.decoding import Decoder
from precompute.network.forward import Forward
from precompute.network.loading import LoadedModel
from precompute.parallel.ranks import Ranks
from precompute.resume.chunks import Chunk, Chunking, ChunkStore
from precompute.stages.activation_pass import Recorder, RowFiles, compute


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
    store = ChunkStore(writer.folder / "chunks")
    F, C = model.class_weights.shape[::-1]
    H, W = model.cell_centres.shape[:2]
    sizes = {"X": len(map_row), "F": F, "C": C, "H": H, "W": W}
    sizes |= {"M": int((map_row >= 0).sum()), "P": len(dataset.part_names)}
    names = ("pooled", "logits", "parts", "maps")
    if ranks.is_first:
        is_kept = [writer.create(name, sizes) for name in names]
        store.forget_all_but(chunks if all(is_kept) else [])
    ranks.barrier()
    rows = RowFiles({name: writer.rows(name) for name in names}, map_row)
    todo = ranks.share([chunk for chunk in chunks if not store.has(chunk)])
    record = Recorder(chunking.identify, {chunk.stop for chunk in chunks}, rows, store)
    with tqdm(
        total=len(map_row) if ranks.size == 1 else None,
        initial=len(map_row) - sum(c.stop - c.start for c in todo) if ranks.size == 1 else 0,
        desc="activations",
        unit=" images",
        disable=not ranks.is_first,
    ) as progress:
        compute(
            [span for chunk in todo for span in chunk.batches(batch_size)],
            Decoder(dataset, model.input_size, thumb_size, forward.device.type == "cuda"),
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
        writer.put("class_weights", model.class_weights)
        writer.put("class_bias", model.class_bias)
        writer.put("cell_centres", model.cell_centres)
    return chunks


def _join(writer: RunWriter, store: ChunkStore, chunks: list[Chunk]) -> None:
    facts = writer.folder / "tables" / "facts.parquet"
    offsets = store.collect(chunks, facts, writer.folder / PACKS["thumb"][0])
    writer.put("thumb_offsets", offsets)
