import gc
import multiprocessing
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmarks.photos import write_photos
from fieldmarks.core.run.contract import UNREADABLE
from fieldmarks.precompute.data import loading
from fieldmarks.precompute.data.decoding import Decoder
from fieldmarks.precompute.data.readers.cub import read_cub
from fieldmarks.precompute.network.preprocessing import CompletePreprocessing

TASKS = [(0, 5), (5, 8), (8, 12)]


@pytest.fixture(scope="module")
def decoder(tmp_path_factory) -> Decoder:
    """Twelve photographs, of which the sixth is not a JPEG."""
    folder = write_photos(tmp_path_factory.mktemp("photos"), 12, 3) / "CUB_200_2011"
    dataset = read_cub(folder)
    path = dataset.image_folder / dataset.images["path"][5]
    path.unlink()
    path.write_bytes(b"no picture")
    return Decoder(dataset, CompletePreprocessing(input_size=64), thumb_size=32)


def test_processes_decode_what_threads_decode_in_the_same_order(decoder):
    by_threads = list(loading.by_threads(decoder, TASKS, workers=2))
    by_processes = list(loading.by_processes(decoder, TASKS, workers=2))
    assert [(b.start, b.stop) for b in by_processes] == TASKS
    for one, other in zip(by_threads, by_processes, strict=True):
        assert one.take_pixels().equal(other.take_pixels())
        assert one.thumbs == other.thumbs
        np.testing.assert_array_equal(one.parts, other.parts)
        pd.testing.assert_frame_equal(one.facts, other.facts)
    assert by_processes[1].facts["problem"][0].startswith(UNREADABLE)


def test_processes_end_with_the_reader_of_their_batches(decoder):
    batches = loading.by_processes(decoder, TASKS, workers=2)
    next(batches)
    batches.close()
    assert multiprocessing.active_children() == []


_KILLED = """
import multiprocessing, os, pickle, signal, sys
from fieldmarks.precompute.data.loading import by_processes
decoder = pickle.load(open(sys.argv[1], "rb"))
batches = by_processes(decoder, [(x, x + 1) for x in range(12)], workers=2)
next(batches)
print(*(process.pid for process in multiprocessing.active_children()), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_processes_end_when_their_parent_is_killed(decoder, tmp_path):
    """They inherit the lock on the run, which nobody could continue otherwise."""
    (tmp_path / "decoder").write_bytes(pickle.dumps(decoder))
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path / "decoder")], stdout=subprocess.PIPE
    )
    assert killed.returncode == -signal.SIGKILL
    pids = killed.stdout.split()
    assert len(pids) == 2
    deadline = time.monotonic() + 20
    while any(_is_running(int(pid)) for pid in pids):
        assert time.monotonic() < deadline, "a process waits for its parent"
        time.sleep(0.1)


def _is_running(pid: int) -> bool:
    """Return whether there is such a process that is not just waiting to be forgotten."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_an_error_of_a_process_is_raised_where_its_batch_is_read_and_ends_all_processes(decoder):
    with pytest.raises(IndexError) as raised:
        list(loading.by_processes(decoder, [(0, 2), (11, 14)], workers=2))
    assert multiprocessing.active_children() == []
    started = time.monotonic()
    del raised
    gc.collect()
    assert time.monotonic() - started < 5, "a process was waited for"


@pytest.mark.parametrize(
    ("device", "workers", "free", "expected"),
    [
        ("cuda", 8, 1 << 30, "processes"),
        ("cuda", 8, 1 << 20, "threads"),
        ("cuda", 8, None, "threads"),
        ("cuda", 1, 1 << 30, "threads"),
        ("mps", 8, 1 << 30, "threads"),
    ],
)
def test_processes_decode_for_cuda_where_shared_memory_holds_their_batches(
    decoder, monkeypatch, device, workers, free, expected
):
    def disk_usage(path: str) -> SimpleNamespace:
        if free is None:
            raise FileNotFoundError(path)
        return SimpleNamespace(free=free)

    monkeypatch.setattr(loading.shutil, "disk_usage", disk_usage)
    for name in ("processes", "threads"):
        monkeypatch.setattr(loading, f"by_{name}", lambda *_, which=name, **__: iter([which]))
    assert list(loading.decoded_batches(decoder, TASKS, workers, device)) == [expected]
