"""The files of a run: names, paths, manifest and arrays, all checked when they are read.

A run is one folder that appears atomically. `core.run.reading` reads it, `core.run.writer`
writes it; the names and formats of its files are defined here, from the contract.
"""

import math
import os
import re
import stat
import weakref
from collections.abc import Mapping
from mmap import mmap
from pathlib import Path
from typing import cast

import numpy as np
import platformdirs

from fieldmarks.core.errors import UTF8_REMEDY, RunError, one_line
from fieldmarks.core.run.contract import ARRAYS, array_spec
from fieldmarks.core.run.tables import TABLES

MANIFEST = "manifest.json"
EVALUATION = "evaluation.json"
#: The network of the run as an ONNX file, see `core.live.network_file`; a run may lack it.
NETWORK = "network.onnx"
#: What is computed now of a run that later stages complete, see `core.run.progress`.
PROGRESS = "progress.json"
#: In a packed run of an installation: the files that are those of another one, and whose.
SHARED = "shared.json"
#: Arrays of at most this many bytes are read into memory and not mapped.
SMALL = 1 << 24
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def check_name(name: str) -> str:
    """Return ``name`` if it can be a run's folder name.

    Raises
    ------
    RunError
        If it contains anything but letters, digits, ``.``, ``_`` and ``-``. Every path that is
        built from a URL or a command line goes through this check.
    """
    if not _SAFE_NAME.fullmatch(name):
        raise RunError(
            f"a run's name is letters, digits, '.', '_' and '-', got {name!r}: choose another name"
        )
    return name


def runs_folder() -> Path:
    """Return the folder of all runs.

    It is the one that ``FIELDMARKS_RUNS`` names, else ``artifacts`` of the checkout that holds this
    module, else a folder for the user's data.

    Raises
    ------
    RunError
        If its path is not ASCII and the locale is: libraries that read tables cannot open it.
    """
    if named := os.environ.get("FIELDMARKS_RUNS"):
        folder = Path(named)
    elif (checkout := checkout_folder()) is not None:
        folder = checkout / "artifacts"
    else:
        folder = platformdirs.user_data_path("fieldmarks", appauthor=False) / "runs"
    try:
        str(folder).encode("utf-8")
    except UnicodeEncodeError:
        raise RunError(
            f"the folder of runs {str(folder)!a} cannot be read in this locale: {UTF8_REMEDY}"
        ) from None
    return folder


def checkout_folder() -> Path | None:
    """Return the root of the checkout that this module lies in, None in an installation."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "fieldmarks" / "__init__.py").is_file() else None


def array_path(folder: Path, name: str) -> Path:
    """Return the path of an array; ``name`` may be ``"p_t_given_f/literal"``."""
    return folder / "arrays" / f"{name}.npy"


def require_regular(path: Path) -> None:
    """Refuse what would be waited for or read without end: a pipe, a socket, a device, a folder.

    Raises
    ------
    RunError
        If there is something that is not a regular file; a missing path is ignored.
    """
    try:
        is_regular = stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return
    if not is_regular:
        raise RunError(f"{path} is not a regular file: move it away, then precompute the run again")


def map_array(path: Path) -> np.ndarray:
    """Return an array, read-only: a small one is read into memory, a large one is mapped.

    What is in memory stays whatever becomes of its file. A map whose file is made shorter ends the
    process by a signal where it is read: `check_length` comes before each use. Open files are
    limited, too: a run has 30 arrays, and many systems allow 1,024 open files per process.

    Raises
    ------
    ValueError
        If the file is not an array, or not as long as its header says.
    """
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"format {version} is not read")
        read_header = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, is_fortran, dtype = read_header(file)
        start, size = file.tell(), os.fstat(file.fileno()).st_size
        if dtype.hasobject:
            raise ValueError("it holds objects")
        n_bytes = math.prod(shape) * dtype.itemsize
        if size != start + n_bytes:
            raise ValueError(f"expected {start + n_bytes:,} bytes, found {size:,}")
        order = "F" if is_fortran else "C"
        if size > SMALL:
            return np.memmap(file, dtype, "r", start, shape, order)
        values = file.read(n_bytes)
    if len(values) < n_bytes:
        raise ValueError("it became shorter while it was read")
    return np.ndarray(shape, dtype, values, order=order)


def check_length(where: object, array: np.ndarray) -> None:
    """Raise `RunError` where the file of a mapped array is shorter than it was."""
    held = cast(object, array.base)
    if not isinstance(array, np.memmap) or not isinstance(held, mmap):
        return  # in memory
    if held.size() < array.offset + array.nbytes:
        raise RunError(
            f"{where} became shorter while it was in use: compute the run again, and replace its "
            "files by other means than writing into them"
        )


def open_array(path: Path, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Return an array read-only, or raise `RunError` where it is not of that shape and type."""
    if not path.exists():
        raise RunError(f"{path} is missing: precompute the run again")
    require_regular(path)
    try:
        array = map_array(path)
    except Exception as error:  # numpy's reader raises many kinds for bytes that are not array
        raise RunError(
            f"{path} cannot be read ({one_line(error)}): precompute the run again"
        ) from None
    if array.shape != shape or array.dtype != np.dtype(dtype):
        raise RunError(
            f"{path} should be {dtype} of shape {shape}, is {array.dtype} of {array.shape}: "
            "precompute the run again"
        )
    return array


class Pack:
    """A file of byte strings: a small one is in memory, a large one stays open and is read.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    n_bytes : int
        Its length.
    """

    def __init__(self, path: Path):
        self._path, self._content = path, None
        self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        closing = weakref.finalize(self, os.close, self._file)
        self.n_bytes = os.fstat(self._file).st_size
        if self.n_bytes <= SMALL:
            self._content = os.pread(self._file, self.n_bytes, 0)
            self.n_bytes = len(self._content)
            closing()

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from ``start`` to before ``stop``.

        Raises
        ------
        RunError
            If the file became shorter.
        """
        if self._content is not None:
            return self._content[start:stop]
        content = os.pread(self._file, stop - start, start)
        if len(content) != stop - start:
            raise RunError(f"{self._path} became shorter while it was in use: compute it again")
        return content


def sizes_of(arrays: Mapping[str, np.ndarray], n_rows: Mapping[str, int]) -> dict[str, int]:
    """Return the sizes, by letter, of arrays and tables.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        By name; some of the contract's.
    n_rows : mapping of str to int
        Rows of tables, by name.
    """
    letters = {dim for spec in ARRAYS for dim in spec.dims if dim.isalpha()}
    sizes = {
        spec.rows: n_rows[spec.name]
        for spec in TABLES
        if spec.rows in letters and spec.name in n_rows
    }
    for name, array in arrays.items():
        for dim, n in zip(array_spec(name).dims, array.shape, strict=True):
            if dim in letters:
                sizes.setdefault(dim, n)
    return sizes
