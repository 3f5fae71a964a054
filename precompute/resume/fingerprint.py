"""Fingerprints: what a stage was computed from, in 32 characters.

A stage's result is used again only where its fingerprint is the same: the data, the settings, the
version that its author gave it (`precompute.pipeline.registry`) and those of the libraries.
"""

import hashlib
import importlib.metadata
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np

from fieldmarks.core.input_file import MAX_WEIGHTS, is_regular, require_file
from fieldmarks.precompute.parallel.prefetch import work_ahead

#: Bytes read at the start, in the middle and at the end of an image file; a smaller file is read.
_SAMPLE = 4096
#: Files that a thread looks at in one go.
_SPAN = 512


def digest(*parts: object) -> str:
    """Return the fingerprint of strings, numbers, arrays, bytes and JSON values, in this order."""
    hasher = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            hasher.update(f"{part.dtype}{part.shape}".encode())
            part = np.ascontiguousarray(part).data
        elif not isinstance(part, bytes):
            part = json.dumps(part, sort_keys=True).encode()
        hasher.update(memoryview(part).nbytes.to_bytes(8, "little"))
        hasher.update(part)
    return hasher.hexdigest()[:32]


def file_digest(path: Path, limit: int = MAX_WEIGHTS) -> str:
    """Return the fingerprint of a file's bytes.

    Raises
    ------
    DataError
        If it is missing, no regular file, or has more bytes than the limit.
    """
    with require_file(path, "a file", limit).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def listing(folder: Path, path: str) -> str:
    """Return path, size, time of change and a digest of samples of a file; a missing one has none.

    Files of at most 12 kB count as a whole, of a larger one its first, middle and last 4 kB: two
    photographs of equal size differ there, and a million files are listed in a minute. What changes
    elsewhere in a file without changing its size or time is not noticed.

    >>> listing(Path("/nowhere"), "a.jpg")
    'a.jpg'
    """
    if not is_regular(folder / path):
        return path
    try:
        with (folder / path).open("rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            size = status.st_size
            middle, last = (size - _SAMPLE) // 2, size - _SAMPLE
            starts = [0, middle, last] if size > 3 * _SAMPLE else [0, _SAMPLE, 2 * _SAMPLE]
            sample = b"".join(os.pread(file.fileno(), _SAMPLE, start) for start in starts)
    except OSError:
        return path
    content = hashlib.blake2b(sample, digest_size=8).hexdigest()
    return f"{path} {size} {status.st_mtime_ns} {content}"


def listings(folder: Path, paths: Sequence[str], workers: int) -> Iterator[str]:
    """Yield the `listing` of each path, in order, read by some threads."""
    spans = [slice(start, start + _SPAN) for start in range(0, len(paths), _SPAN)]

    def of(span: slice) -> list[str]:
        return [listing(folder, path) for path in paths[span]]

    with ThreadPoolExecutor(workers, "list") as pool:
        for block in work_ahead(pool, of, spans, ahead=2 * workers):
            yield from block


def library_versions(modules: Iterable[str]) -> dict[str, str]:
    """Return the installed version of the package that each module belongs to.

    Modules of the standard library are left out.
    """
    packages = _packages()
    names = {name for module in modules for name in packages.get(module, ())}
    return {name: _version(name) for name in sorted(names)}


#: Each look-up parses a package's metadata, and a run asks for all of them at each stage.
_version = cache(importlib.metadata.version)


@cache
def _packages() -> dict[str, list[str]]:
    return dict(importlib.metadata.packages_distributions())
