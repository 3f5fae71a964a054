"""The files of a run: names, paths, manifest and arrays, all checked when they are read.

A run is one folder that appears atomically. `core.run.run` reads it, `core.run.writer` writes it;
the names and formats of its files are defined here, from the contract.
"""

import errno
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import platformdirs
import pyarrow.parquet as pq

from fieldmarks.core.errors import UTF8_REMEDY, MissingRunError, RunError, one_line
from fieldmarks.core.run.contract import ARRAYS, SCHEMA_VERSION, array_spec
from fieldmarks.core.run.tables import TABLES
from fieldmarks.core.run.validation import check_manifest

MANIFEST = "manifest.json"
EVALUATION = "evaluation.json"
#: The network of the run as an ONNX file, see `core.live.network_file`; a run may lack it.
NETWORK = "network.onnx"
#: Arrays of at most this many bytes are read into memory and not mapped.
_SMALL = 1 << 16
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


def read_manifest(folder: Path) -> dict:
    """Return the manifest of a run, or raise the reason why it cannot be opened."""
    path = folder / MANIFEST
    if not folder.is_dir():
        raise MissingRunError(f"there is no run {folder.name!r}: make one with 'fieldmarks demo'")
    if not path.exists():
        raise RunError(f"run {folder.name!r} has no {MANIFEST}, it was not finished: precompute it")
    try:
        manifest = json.loads(path.read_text("utf-8"))
        version = manifest["schema_version"]
    except (ValueError, KeyError, TypeError, OSError, RecursionError):
        raise RunError(
            f"{MANIFEST} of run {folder.name!r} cannot be read: precompute again"
        ) from None
    if version != SCHEMA_VERSION:
        raise RunError(
            f"run {folder.name!r} has schema {version}, this version reads {SCHEMA_VERSION}: "
            "precompute it again"
        )
    return check_manifest(manifest, folder.name)


def manifest_stamp(folder: Path) -> int:
    """Return when the manifest of a run was written, ns; 0 where there is none."""
    path = folder / MANIFEST
    return path.stat().st_mtime_ns if path.exists() else 0


def array_path(folder: Path, name: str) -> Path:
    """Return the path of an array; ``name`` may be ``"p_t_given_f/literal"``."""
    return folder / "arrays" / f"{name}.npy"


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a file for an atomic write: ``path`` is replaced when the file is complete.

    The file is written under a temporary name, synced and renamed. It is always a new file: a hard
    link to an earlier one keeps the earlier content.
    """
    temporary = path.with_name(f".{path.name}.writing")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if error.errno is not None:
            raise
        # NumPy raises an error without errno for a short write
        raise OSError(errno.ENOSPC, "No space left on device", str(path)) from None
    finally:
        temporary.unlink(missing_ok=True)


def map_array(path: Path) -> np.ndarray:
    """Return a read-only memory map of an array; a small array is read into memory.

    A map keeps its file open, and open files are limited: a run has 30 arrays, and many systems
    allow 1,024 open files per process.
    """
    if path.stat().st_size > _SMALL:
        return np.load(path, mmap_mode="r")
    array = np.load(path)
    if not isinstance(array, np.ndarray):
        raise ValueError("an archive where an array was expected")
    array.flags.writeable = False
    return array


def open_array(path: Path, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Return a read-only memory map, or raise `RunError` where it is not of that shape and type."""
    if not path.exists():
        raise RunError(f"{path} is missing: precompute the run again")
    try:
        array = map_array(path)
    except Exception as error:  # numpy's reader raises many kinds for bytes that are no array
        raise RunError(
            f"{path} cannot be read ({one_line(error)}): precompute the run again"
        ) from None
    if array.shape != shape or array.dtype != np.dtype(dtype):
        raise RunError(
            f"{path} should be {dtype} of shape {shape}, is {array.dtype} of {array.shape}: "
            "precompute the run again"
        )
    return array


def sizes_of(folder: Path, arrays: dict[str, np.ndarray]) -> dict[str, int]:
    """Return the sizes, by letter, of what is written of a run: rows of tables, shapes of arrays.

    Parameters
    ----------
    folder : Path
    arrays : dict of ndarray
        Those that are there, by name.
    """
    letters = {dim for spec in ARRAYS for dim in spec.dims if dim.isalpha()}
    paths = [(spec.rows, folder / "tables" / f"{spec.name}.parquet") for spec in TABLES]
    sizes = {
        letter: pq.read_metadata(path).num_rows
        for letter, path in paths
        if letter in letters and path.exists()
    }
    for name, array in arrays.items():
        for dim, n in zip(array_spec(name).dims, array.shape, strict=True):
            if dim in letters:
                sizes.setdefault(dim, n)
    return sizes
