"""File lock: only one process at a time writes a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import RunError
from core.runs.files import check_name


@contextmanager
def locked(runs: Path, name: str) -> Iterator[None]:
    """Hold the run's lock; the system takes it back from a process that was killed.

    Raises
    ------
    RunError
        If another process holds it.
    """
    runs.mkdir(parents=True, exist_ok=True)
    lock = FileLock(runs / f".{check_name(name)}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(
            f"run {name!r} is being written by another process: wait for it, or give another --name"
        ) from None
    try:
        yield
    finally:
        lock.release()
