"""One process at a time may write a run, a checkpoint or the world of the demo."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from fieldmarks.core.errors import RunError
from fieldmarks.core.run.files import check_name
from fieldmarks.core.run.manifest import read_manifest
from fieldmarks.core.run.writer import recover_run


@contextmanager
def exclusive(path: Path, what: str, remedy: str) -> Iterator[None]:
    """Hold the lock beside ``path``; the system takes it back from a process that was killed.

    Parameters
    ----------
    path : Path
        What is going to be written; its lock is ``.NAME.lock`` in the same folder.
    what, remedy : str
        For the message.

    Raises
    ------
    RunError
        If another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.lock")
    # a lock is empty, and the library would empty what it is given
    if os.path.lexists(beside) and (
        beside.is_symlink() or not beside.is_file() or beside.stat().st_size
    ):
        raise RunError(f"{beside} is not a lock of Fieldmarks: move it away")
    lock = FileLock(beside)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(
            f"{what} is being written by another process: wait for it, or {remedy}"
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def locked(runs: Path, name: str, is_new: bool = False) -> Iterator[None]:
    """Hold the lock of a run, which is complete by then; see `exclusive`.

    Parameters
    ----------
    runs : Path
    name : str
    is_new : bool
        Whether the run may not be there yet; else nothing is written where it is not.

    Raises
    ------
    MissingRunError
        If it is not there.
    """
    folder = runs / check_name(name)
    if not is_new and not any(map(os.path.lexists, (folder, folder.with_name(f".{name}.old")))):
        read_manifest(folder)  # says so
    with exclusive(folder, f"run {name!r}", "give another --name"):
        recover_run(runs, name)
        yield
