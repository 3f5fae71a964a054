"""An array on disk that several threads or processes write concurrently, row by row.

It uses positioned writes instead of a memory map: a full disk raises an error in the writing
thread, where a map would kill the process by a signal, and no page is read before it is written.
"""

import os
from pathlib import Path

import numpy as np


class RowFile:
    """Rows of an existing ``.npy`` file with random write access.

    Parameters
    ----------
    path : Path
        Of a C-ordered array, see `create`.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        with self.path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            read_header = getattr(np.lib.format, f"read_array_header_{version[0]}_{version[1]}")
            self.shape, _, self.dtype = read_header(file)
            self._offset = file.tell()
        self._row_bytes = int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize
        self._file = os.open(self.path, os.O_RDWR | os.O_NOFOLLOW)

    @classmethod
    def create(cls, path: Path, shape: tuple[int, ...], dtype: str) -> "RowFile":
        """Create a sparse file of zeros; its rows take disk space when they are written."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with path.open("wb") as file:
            header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            n_values = int(np.prod(shape, dtype=np.int64))
            file.truncate(file.tell() + n_values * np.dtype(dtype).itemsize)
        return cls(path)

    def write(self, start: int, rows: np.ndarray) -> None:
        """Write rows starting at row ``start``, cast to the file's dtype.

        Parameters
        ----------
        start : int
        rows : ndarray of shape (n, ...)
        """
        rows = np.ascontiguousarray(rows, self.dtype)
        if rows.shape[1:] != self.shape[1:] or start + len(rows) > self.shape[0]:
            raise ValueError(f"{rows.shape} at row {start} does not fit into {self.shape}")
        if rows.size == 0:
            return
        rest = memoryview(rows.data).cast("B")
        position = self._offset + start * self._row_bytes
        while rest:
            written = os.pwrite(self._file, rest, position)
            rest, position = rest[written:], position + written

    def sync(self) -> None:
        """Flush all written rows to the disk."""
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
