"""One process at a time may write a run, a checkpoint or the world of the demo."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from fieldmarks.core.errors import RunError
from fieldmarks.core.run.files import check_name


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
    lock = FileLock(path.with_name(f".{path.name}.lock"))
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
def locked(runs: Path, name: str) -> Iterator[None]:
    """Hold the lock of a run; see `exclusive`."""
    with exclusive(runs / check_name(name), f"run {name!r}", "give another --name"):
        yield
