"""What is computed now of a published run: which later stage, and for how long.

``progress.json`` lies in the run's folder while a process completes the run, which touches the file
every few seconds. One that is no longer touched is what a killed process left.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fieldmarks.core.outputs import atomic_write
from fieldmarks.core.run.files import PROGRESS

#: Seconds between two touches, and after which a file that was not touched is a dead process's.
TOUCHED_EVERY, DEAD_AFTER = 2.0, 30.0


@dataclass(frozen=True)
class Progress:
    """The stage that is computed, and the seconds since it began."""

    stage: str
    seconds: float


@contextmanager
def reported(folder: Path, stage: str) -> Iterator[None]:
    """Say in a run's folder that a stage is computed, as long as the block runs."""
    path, is_over = folder / PROGRESS, threading.Event()
    with atomic_write(path) as file:
        file.write(json.dumps({"stage": stage, "began": time.time()}).encode())

    def touch() -> None:
        while not is_over.wait(TOUCHED_EVERY):
            path.touch()

    thread = threading.Thread(target=touch, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        path.unlink(missing_ok=True)


def read_progress(folder: Path) -> Progress | None:
    """Return what is computed now in a run's folder, None where no living process says so."""
    path = folder / PROGRESS
    try:
        now, touched = time.time(), path.stat().st_mtime
        said = json.loads(path.read_text("utf-8"))
        progress = Progress(str(said["stage"]), max(0.0, now - float(said["began"])))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return progress if now - touched < DEAD_AFTER else None
