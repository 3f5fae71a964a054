"""The runs of a folder: which there are, and the errors of those that cannot be read."""

import os
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fieldmarks.core.errors import MissingRunError, RunError
from fieldmarks.core.run.files import MANIFEST, check_name, runs_folder
from fieldmarks.core.run.manifest import read_manifest
from fieldmarks.core.run.run import Run


@dataclass(frozen=True)
class RunEntry:
    """A run in the runs folder; ``problem`` is the reason why it cannot be opened, in one line."""

    name: str
    problem: str = ""
    dataset: str = ""


def list_runs(folder: Path | None = None) -> list[RunEntry]:
    """Return the runs of a folder, newest first; damaged runs are listed with their problem."""
    folder = runs_folder() if folder is None else folder
    if not folder.is_dir():
        return []
    folders = [p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")]
    entries = []
    for path in sorted(folders, key=_changed, reverse=True):
        try:
            if not ((path / MANIFEST).exists() or (path / "arrays").exists()):
                continue
            entries.append(_entry(path, _written(path / MANIFEST)))
        except OSError as error:
            entries.append(RunEntry(path.name, f"{path} cannot be read: {error.strerror}"))
    return entries


def make_newest(folder: Path) -> None:
    """Let a run be the newest, which is opened where none is named."""
    now = time.time_ns()
    os.utime(folder, ns=(now, now))


def others_of(run: Run) -> list[str]:
    """Return the other runs that can be opened and are of the same data set, newest first."""
    dataset = str(run.manifest.get("dataset", ""))
    return [
        entry.name
        for entry in list_runs(run.folder.parent)
        if not entry.problem and entry.name != run.folder.name and entry.dataset == dataset
    ]


@lru_cache(maxsize=1024)
def _entry(path: Path, written: tuple[int, ...]) -> RunEntry:
    """Return what a manifest says; it is read again only when it was written."""
    try:
        manifest = read_manifest(path.with_name(check_name(path.name)))
    except (RunError, MissingRunError) as error:
        return RunEntry(path.name, str(error))
    return RunEntry(path.name, dataset=str(manifest.get("dataset", "")))


def _written(path: Path) -> tuple[int, ...]:
    """Return what changes when a file is written, empty where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return ()
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # it was deleted in this moment
        return 0.0
