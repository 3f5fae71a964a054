import errno
import os
import random
import shutil
import signal
import time
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from fieldmarks.core.errors import RunError
from fieldmarks.core.outputs import is_unfinished
from fieldmarks.core.run.files import MANIFEST, PROGRESS
from fieldmarks.core.run.reading import read_run
from fieldmarks.precompute.data import decoding
from fieldmarks.precompute.pipeline.registry import STAGES
from fieldmarks.precompute.resume.lock import locked
from tests.support import processes
from tests.support.tiny_birds import CHUNK, N_IMAGES, computed, content, run_tiny, write_tiny_birds

pytestmark = pytest.mark.slow

#: Two ways to make the run, which share the attributes and nothing else.
WAYS = ({}, {"thumb_size": 20, "estimators": ("literal",)})


@pytest.fixture
def birds(tmp_path):
    return write_tiny_birds(tmp_path)


def killed_after(seconds, folder, runs, way):
    """Run in another process that is killed by the system after so many seconds, if it still runs.

    Returns its exit code and how long it lived.
    """
    process = processes.start(partial(run_tiny, folder, runs, True, **way))
    started = time.monotonic()
    process.join(seconds)
    if process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    return process.exitcode, time.monotonic() - started


@pytest.mark.timeout(900)
def test_a_run_killed_at_any_moment_ends_as_if_undisturbed(birds):
    undisturbed = []
    for i, way in enumerate(WAYS):
        run_tiny(birds, birds / f"undisturbed{i}", is_scored=True, **way)
        undisturbed.append(content(birds / f"undisturbed{i}" / "tiny"))
    for attempt in ("cold", "warm"):
        exitcode, whole = killed_after(120, birds, birds / attempt, WAYS[0])
        assert exitcode == 0
    runs, rng = birds / "runs", random.Random(0)
    n_killed, n_left_parts, notes = 0, 0, {}
    while n_killed < 20:
        way = rng.choice(WAYS)
        exitcode, _ = killed_after(rng.uniform(0, whole), birds, runs, way)
        n_killed += exitcode == -signal.SIGKILL
        n_left_parts += (runs / ".tiny.partial").exists()
        with locked(runs, "tiny", is_new=True):  # as every command begins
            pass
        if (runs / "tiny").exists():
            there = whole_stages(runs / "tiny")
            assert {name: there.pop(name, None) for name in notes} == notes
            assert any(there.items() <= each.items() for each in undisturbed)
        if (runs / "tiny").exists():  # somebody takes notes in the run's folder
            name = f"notes {len(notes)}.txt"
            notes[name] = b"mine"
            (runs / "tiny" / name).write_bytes(b"mine")
        if exitcode == 0 and rng.random() < 0.5:
            shutil.rmtree(runs / "tiny")
            notes = {}
    assert n_left_parts > 0
    for way, expected in zip(WAYS, undisturbed, strict=True):
        run_tiny(birds, runs, is_scored=True, **way)
        assert content(runs / "tiny") == expected | notes
    assert [p.name for p in runs.iterdir() if p.name != "tiny"] == [".tiny.lock"]


def whole_stages(folder):
    """Return the bytes of what a run holds; of one that is not complete only whole stages."""
    there, names = content(folder), chain(*read_run(folder).pending.values())
    awaited = {name if "." in name else f"arrays/{name}.npy" for name in names}
    unstated = {PROGRESS, *awaited, *(MANIFEST for _ in awaited)}
    is_part = {name: is_unfinished(Path(name).name) for name in there}
    return {name: there[name] for name in there if not (name in unstated or is_part[name])}


LATER = {name for name, stage in STAGES.items() if stage.is_later}


@pytest.mark.parametrize(
    ("file", "left"),
    [
        ("top_images.npy", {"explanations", *LATER}),
        ("manifest.json", LATER),
        ("diagnoses.parquet", LATER - {"evidence"}),
        ("filters.parquet", LATER - {"evidence", "diagnoses", "feeding"}),
        ("evaluation.json", {"scores"}),
    ],
)
def test_a_run_killed_while_a_file_is_written_computes_the_rest(birds, file, left):
    run_tiny(birds, birds / "undisturbed", is_scored=True)
    process = processes.start(_die_while_writing, birds, birds / "runs", file)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    is_published = (birds / "runs" / "tiny").exists()
    assert is_published == (left < LATER)
    if is_published:
        assert read_run(birds / "runs" / "tiny").pending.keys() == left
    assert computed(run_tiny(birds, birds / "runs", is_scored=True)) == left
    assert content(birds / "runs" / "tiny") == content(birds / "undisturbed" / "tiny")


def _die_while_writing(folder, runs, file):
    """Make a run in a process that is killed when that file is written and not yet in its place."""
    replace = Path.replace

    def killing(beside, path):
        if Path(path).name == file:
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(beside, path)

    Path.replace = killing
    run_tiny(folder, runs, is_scored=True)


class Decoded:
    """Counts decoded images; raises or calls at one of them."""

    def __init__(self, monkeypatch, at=None, do=None):
        self.xs, self._at, self._do = [], at, do
        self._decode = decoding.Decoder._decode
        monkeypatch.setattr(decoding.Decoder, "_decode", lambda *args: self.decode(*args))

    def decode(self, decoder, x, pixels):
        if x == self._at:
            self._do()
        self.xs.append(x)
        return self._decode(decoder, x, pixels)


def stop():
    raise KeyboardInterrupt


def interrupted(folder, runs, monkeypatch, **way):
    """Run until the last image is to be decoded."""
    with monkeypatch.context() as patch:
        Decoded(patch, at=N_IMAGES - 1, do=stop)
        with pytest.raises(KeyboardInterrupt):
            run_tiny(folder, runs, **way)


def test_finished_chunks_are_not_decoded_again(birds, monkeypatch):
    interrupted(birds, birds / "runs", monkeypatch)
    decoded = Decoded(monkeypatch)
    run_tiny(birds, birds / "runs")
    assert 0 < len(decoded.xs) <= N_IMAGES - CHUNK
    assert N_IMAGES - 1 in decoded.xs


def test_a_full_disk_loses_nothing_that_was_finished(birds, monkeypatch):
    run_tiny(birds, birds / "undisturbed")
    write, calls = os.pwrite, []

    def full(*args):
        calls.append(args)
        if len(calls) > 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="No space left"):
            run_tiny(birds, birds / "runs")
    decoded = Decoded(monkeypatch)
    run_tiny(birds, birds / "runs")
    assert 0 < len(decoded.xs) < N_IMAGES
    assert content(birds / "runs" / "tiny") == content(birds / "undisturbed" / "tiny")


def test_an_image_that_vanishes_while_the_run_is_made_is_reported(birds, monkeypatch):
    path = birds / "CUB_200_2011" / "images" / "012.Grey_Owl" / "bird_0020.jpg"
    run_tiny(birds, birds / "undisturbed")
    stat, data = path.stat(), path.read_bytes()
    with monkeypatch.context() as patch:
        Decoded(patch, at=20, do=path.unlink)
        run_tiny(birds, birds / "runs")
    assert read_run(birds / "runs" / "tiny").images["problem"][20] == "unreadable: no such file"
    said = run_tiny(birds, birds / "runs")
    assert computed(said) == {"tables", "diagnoses", "scores"}
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    run_tiny(birds, birds / "runs")
    assert content(birds / "runs" / "tiny") == content(birds / "undisturbed" / "tiny")


def test_a_second_process_on_one_run_is_refused(birds):
    with (
        locked(birds / "runs", "tiny", is_new=True),
        pytest.raises(RunError, match="by another process"),
    ):
        run_tiny(birds, birds / "runs")
    run_tiny(birds, birds / "runs")


def test_a_swap_that_was_interrupted_is_finished(birds):
    run_tiny(birds, birds / "runs")
    before = content(birds / "runs" / "tiny")
    (birds / "runs" / "tiny").rename(birds / "runs" / ".tiny.old")
    assert run_tiny(birds, birds / "runs") == ["run 'tiny' is up to date"]
    assert content(birds / "runs" / "tiny") == before


def test_rows_of_other_settings_are_never_taken_for_finished(birds, monkeypatch):
    run_tiny(birds, birds / "undisturbed")
    for way in (*WAYS, WAYS[0]):
        interrupted(birds, birds / "runs", monkeypatch, **way)
    run_tiny(birds, birds / "runs")
    assert content(birds / "runs" / "tiny") == content(birds / "undisturbed" / "tiny")
    assert np.isfinite(read_run(birds / "runs" / "tiny").array("pooled")).all()
