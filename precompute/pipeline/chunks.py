"""Chunks: the unit in which a long pass over the images can be interrupted.

A chunk is finished when its record exists: a small table of what is known of each image, renamed to
its place after all else of the chunk was on the disk. The record's name holds the fingerprint of
what it was computed from, so a record of other images or settings is never taken for this one.
"""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from fieldmarks.core.outputs import atomic_write
from fieldmarks.precompute.data.dataset import BBOX, Dataset
from fieldmarks.precompute.resume.fingerprint import digest

#: A chunk holds at least this many images: seconds of work, and a few files for a million images.
CHUNK = 256


@dataclass(frozen=True)
class Chunk:
    """Images ``start`` to ``stop``, computed in batches that never cross its edges."""

    start: int
    stop: int
    fingerprint: str

    def batches(self, batch_size: int) -> list[tuple[int, int]]:
        """Return start and stop of each batch.

        >>> Chunk(4, 9, "").batches(3)
        [(4, 7), (7, 9)]
        """
        starts = range(self.start, self.stop, batch_size)
        return [(start, min(start + batch_size, self.stop)) for start in starts]


@dataclass(frozen=True)
class Chunking:
    """How images are divided into chunks, and what each of them depends on.

    Parameters
    ----------
    dataset : Dataset
    map_row : ndarray of shape (X,)
        Row of each image in the kept maps.
    settings : str
        Fingerprint of all that decides the activations of an image besides the image.
    """

    dataset: Dataset
    map_row: np.ndarray
    settings: str

    def identify(self, start: int, stop: int, listed: list[str]) -> Chunk:
        """Return the chunk of these images.

        Parameters
        ----------
        start, stop : int
        listed : list of str
            Each file as it was found, see `fingerprint.listing`.
        """
        span = slice(start, stop)
        boxes = self.dataset.images.iloc[span][BBOX].to_numpy(float)
        fingerprint = digest(
            self.settings, listed, boxes, self.dataset.parts[span], self.map_row[span]
        )
        return Chunk(start, stop, fingerprint)

    def chunks(self, listed: Iterable[str], batch_size: int) -> list[Chunk]:
        """Return all chunks for the files of all images."""
        lines, edges = iter(listed), spans(len(self.dataset.images), batch_size)
        return [
            self.identify(start, stop, list(islice(lines, stop - start))) for start, stop in edges
        ]


def spans(n_images: int, batch_size: int) -> list[tuple[int, int]]:
    """Return start and stop of each chunk: whole batches, at least `CHUNK` images.

    >>> spans(600, 100)
    [(0, 300), (300, 600)]
    """
    size = batch_size * -(-CHUNK // batch_size)
    return [(start, min(start + size, n_images)) for start in range(0, n_images, size)]


class ChunkStore:
    """Finished chunks in a folder.

    Parameters
    ----------
    folder : Path
    thumb_size : int
        Side of the thumbnails; a chunk with others is not finished.
    """

    def __init__(self, folder: Path, thumb_size: int):
        self.folder, self._thumb_size = folder, thumb_size
        self.folder.mkdir(parents=True, exist_ok=True)

    def forget_all_but(self, chunks: Iterable[Chunk]) -> None:
        """Delete all other records, before their rows are overwritten."""
        keep = {self._path(chunk, kind) for chunk in chunks for kind in ("parquet", "thumbs")}
        for path in set(self.folder.iterdir()) - keep:
            path.unlink()

    def has(self, chunk: Chunk) -> bool:
        """Return whether this chunk is finished."""
        return self._path(chunk, "parquet").exists()

    def put(self, chunk: Chunk, facts: pd.DataFrame, thumbs: list[bytes]) -> None:
        """Record that a chunk is finished; its rows in the arrays must be on the disk by now."""
        with atomic_write(self._path(chunk, "thumbs")) as file:
            file.writelines(thumbs)
        record = facts.assign(thumb_bytes=np.array([len(thumb) for thumb in thumbs], np.int32))
        with atomic_write(self._path(chunk, "parquet")) as file:
            record.to_parquet(file, index=False)

    def thumbs(self, chunk: Chunk) -> Callable[[int], bytes]:
        """Return a function that reads the thumbnail of the i-th image of a finished chunk."""
        sizes = pq.read_table(self._path(chunk, "parquet"), columns=["thumb_bytes"])
        ends = np.cumsum(sizes["thumb_bytes"].to_numpy(), dtype=np.int64)

        def thumb(i: int) -> bytes:
            start = int(ends[i - 1]) if i else 0
            with self._path(chunk, "thumbs").open("rb") as file:
                file.seek(start)
                return file.read(int(ends[i]) - start)

        return thumb

    def collect(self, chunks: Iterable[Chunk], facts: Path, thumbs: Path) -> np.ndarray:
        """Join the records of all chunks into one table and one pack, chunk after chunk.

        Returns
        -------
        ndarray of shape (X + 1,), int64
            Where each thumbnail starts in ``thumbs``.
        """
        sizes, table = [np.zeros(1, np.int64)], None
        with atomic_write(thumbs) as pack, atomic_write(facts) as joined:
            for chunk in chunks:
                record = pq.read_table(self._path(chunk, "parquet"))
                with self._path(chunk, "thumbs").open("rb") as file:
                    shutil.copyfileobj(file, pack)
                sizes.append(record["thumb_bytes"].to_numpy())
                record = record.drop_columns("thumb_bytes").replace_schema_metadata()
                table = table or pq.ParquetWriter(joined, record.schema)
                table.write_table(record)
            if table is not None:
                table.close()
        return np.cumsum(np.concatenate(sizes), dtype=np.int64)

    def _path(self, chunk: Chunk, kind: str) -> Path:
        name = f"{chunk.start:08d}-{chunk.stop:08d}-{chunk.fingerprint}-{self._thumb_size}.{kind}"
        return self.folder / name
