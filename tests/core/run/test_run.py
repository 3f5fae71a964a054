import json
from pathlib import Path

import numpy as np
import pytest

from fieldmarks.core.errors import MissingRunError, RunError
from fieldmarks.core.run.files import MANIFEST
from fieldmarks.core.run.reading import open_run, read_run
from tests.support.synthetic_run import write_synthetic_run


def test_packed_bytes_come_back_as_they_went_in(run):
    assert run.packed("thumb", 3).startswith(b"\xff\xd8")
    with_captions = int(np.flatnonzero(run.images["n_captions"])[0])
    without = int(np.flatnonzero(run.images["n_captions"] == 0)[0])
    assert len(run.captions(with_captions)) == 10
    assert run.captions(without) == []


def test_an_image_without_maps_says_how_to_get_them(run):
    without = run.changed({"map_row": np.full(run.sizes["X"], -1)})
    with pytest.raises(MissingRunError, match="fieldmarks maps synthetic --images 2"):
        without.maps(2)


@pytest.fixture
def fresh(tmp_path):
    return write_synthetic_run(tmp_path)


def _truncate(run):
    path = run.folder / "arrays" / "pooled.npy"
    path.write_bytes(path.read_bytes()[:-8])


def _reshape(run):
    np.save(run.folder / "arrays" / "pooled.npy", np.zeros((2, 2), np.float32))


def _manifest(**changes):
    def spoil(run):
        path = run.folder / MANIFEST
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return spoil


SPOILED = {
    "no manifest": (lambda run: (run.folder / MANIFEST).unlink(), "was not finished"),
    "manifest of garbage": (lambda run: (run.folder / MANIFEST).write_text("{"), "cannot be read"),
    "older schema": (_manifest(schema_version=0), "has schema 0"),
    "array of another shape": (_reshape, "should be float32"),
    "truncated array": (_truncate, "cannot be read"),
    "array gone": (lambda run: (run.folder / "arrays" / "logits.npy").unlink(), "is missing"),
    "pack cut short": (lambda run: (run.folder / "thumbs.bin").write_bytes(b""), "should hold"),
}


@pytest.mark.parametrize("case", SPOILED)
def test_a_spoiled_run_is_refused_in_one_line(fresh, case):
    spoil, message = SPOILED[case]
    spoil(fresh)
    with pytest.raises(RunError, match=message) as caught:
        read_run(fresh.folder)
    assert "\n" not in str(caught.value)


def test_a_missing_run_says_how_to_make_one(tmp_path):
    with pytest.raises(MissingRunError, match="fieldmarks demo"):
        open_run("nothing", tmp_path)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted in /proc")
def test_a_small_run_keeps_no_file_open(run):
    before = len([*Path("/proc/self/fd").iterdir()])
    opened = read_run(run.folder)
    assert opened.array("pooled").shape == (run.sizes["X"], run.sizes["F"])
    assert len([*Path("/proc/self/fd").iterdir()]) == before
