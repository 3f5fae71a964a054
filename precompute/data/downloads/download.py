"""Downloads into a cache: resumed after a broken connection, used only with the right checksum."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import gdown
import requests

from fieldmarks.core.errors import DataError, one_line
from fieldmarks.core.outputs import atomic_write, check_output

#: Broken connections after which a download gives up; what came is kept.
RETRIES = 5
#: Seconds without a byte after which a connection counts as broken.
_TIMEOUT = 60


@dataclass(frozen=True)
class Source:
    """One file and its official home.

    Parameters
    ----------
    name : str
        Of the file in the cache.
    url : str
    md5 : str or None
        The published checksum; None where none is published.
    """

    name: str
    url: str
    md5: str | None = None


def cached(source: Source, cache: Path, given: Path | None = None) -> Path:
    """Return a source's file: given by hand, from the cache, or downloaded into it.

    Raises
    ------
    DataError
        If it cannot be downloaded (says what to do by hand) or its checksum is wrong.
    """
    if given is not None:
        if not given.is_file():
            raise DataError(f"there is no file {given}")
        _check(source, given, remedy="download it again")
        return given
    path = cache / source.name
    if path.is_file():
        _check(source, path, remedy="move it away, then repeat the command")
        return path
    cache.mkdir(parents=True, exist_ok=True)
    check_output(path)
    _download(source, path)
    try:
        _check(source, path, remedy="it was deleted: repeat the command")
    except DataError:
        path.unlink()
        raise
    return path


def _download(source: Source, path: Path) -> None:
    """Download with a progress bar; an existing part is continued."""
    try:
        gdown.download(
            url=source.url, output=str(path), resume=True, retries=RETRIES, timeout=_TIMEOUT
        )
    except (
        requests.exceptions.RequestException,
        gdown.exceptions.DownloadError,
        gdown.exceptions.FileURLRetrievalError,
    ) as error:
        raise DataError(
            f"{source.url} could not be downloaded ({one_line(error)}); the same command resumes "
            f"(delete {path}*.part to start over). Offline, download it by hand and put it at "
            f"{path}, or pass it as --archive"
        ) from None


def _check(source: Source, path: Path, remedy: str) -> None:
    """Compare with the published checksum, or with the one seen at the first download.

    Raises
    ------
    DataError
        If a published checksum differs.
    """
    if source.md5 is None:
        _record(source, path)
        return
    md5 = _digest(path, "md5")
    if md5 != source.md5:
        raise DataError(f"{path} has md5 {md5}, expected {source.md5}; {remedy}")


def _record(source: Source, path: Path) -> None:
    """Say the checksum of a file that has no published one, and whether it is the one seen last."""
    sha256, record = _digest(path, "sha256"), path.with_name(path.name + ".sha256")
    words = record.read_text("utf-8", "replace").split() if record.is_file() else []
    seen = words[0] if words else None
    print(f"{source.name}: no checksum is published; sha256 {sha256}", end="")
    print({None: "", sha256: ", as before"}.get(seen, f", but {seen} was seen before"))
    if not os.path.lexists(record):
        with atomic_write(record) as file:
            file.write(f"{sha256}  {source.name}\n".encode())


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
