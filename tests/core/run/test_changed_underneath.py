"""The files of an open run become shorter, or are something else: one line, and the process lives.

A map that is read past the end of its file ends the process by a signal, so everything is tried in
a process of its own.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fieldmarks.core.corruptions.record import read_record
from fieldmarks.core.errors import RunError
from fieldmarks.core.run.files import MANIFEST, SMALL, Pack, check_length, map_array
from fieldmarks.core.run.listing import list_runs
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.result import read_evaluation
from tests.support.synthetic_run import write_synthetic_run

#: Opens a run, shortens every file of it to nothing, and uses all of it.
USE = """
import sys
from pathlib import Path
import numpy as np
from fieldmarks.core.errors import RunError
from fieldmarks.core.explanations.contrast import contrast
from fieldmarks.core.explanations.explanation import describe, explain
from fieldmarks.core.explanations.grounding import ground
from fieldmarks.core.run import files
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.result import read_evaluation

files.SMALL = int(sys.argv[2])  # as if the run were large
run = read_run(Path(sys.argv[1]))
explain(run, 0), run.maps(0), run.packed("thumb", 0)
for path in run.folder.rglob("*"):
    if path.is_file():
        with path.open("r+b") as file:
            file.truncate(64)
used = {
    "explain": lambda: explain(run, 1, 0),
    "describe": lambda: describe(run, 0),
    "contrast": lambda: contrast(run, explain(run, 1, 0), explain(run, 1, 1)),
    "ground": lambda: ground(run, 1, 0),
    "maps": lambda: run.maps(1),
    "thumb": lambda: run.packed("thumb", 3),
    "caption": lambda: run.captions(0),
    **{name: lambda name=name: np.array(run.array(*name.split("/"))) for name in run.array_names},
}
for name, use in used.items():
    try:
        use()
        print(name, "ok")
    except RunError as error:
        print(name, error)
"""


@pytest.fixture
def fresh(tmp_path) -> Run:
    return write_synthetic_run(tmp_path)


def used_after_shortening(folder: Path, small: int) -> dict[str, str]:
    """Return what became of every use of a run whose files became shorter under it."""
    done = subprocess.run(
        [sys.executable, "-c", USE, str(folder), str(small)], capture_output=True, text=True
    )
    assert done.returncode == 0, f"ended by {done.returncode}: {done.stderr[-500:]}"
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


@pytest.mark.slow
def test_a_small_run_goes_on_when_its_files_become_shorter(fresh):
    assert set(used_after_shortening(fresh.folder, SMALL).values()) == {"ok"}


@pytest.mark.slow
def test_a_large_run_says_which_file_became_shorter(fresh):
    became = used_after_shortening(fresh.folder, 64)
    for name in ("explain", "ground", "maps", "thumb", "caption", "pooled", "p_t_given_f/ridge"):
        assert "became shorter while it was in use" in became[name], name


def test_a_map_that_became_shorter_is_noticed_and_one_that_did_not_is_not(tmp_path, monkeypatch):
    path = tmp_path / "a.npy"
    np.save(path, np.zeros(SMALL // 8 + 1))
    array = map_array(path)
    assert isinstance(array, np.memmap)
    check_length(path, array)
    path.rename(tmp_path / "b.npy")  # another file in its place changes nothing
    check_length(path, array)
    os.truncate(tmp_path / "b.npy", 4096)
    with pytest.raises(RunError, match=r"a\.npy became shorter while it was in use"):
        check_length(path, array)


@pytest.mark.parametrize("small", [SMALL, 4])
def test_packed_bytes_are_those_of_the_file_that_was_opened(tmp_path, monkeypatch, small):
    monkeypatch.setattr("fieldmarks.core.run.files.SMALL", small)
    path = tmp_path / "thumbs.bin"
    path.write_bytes(b"0123456789")
    pack = Pack(path)
    path.rename(tmp_path / "old")
    path.write_bytes(b"----------")
    assert (pack.n_bytes, pack.read(2, 5)) == (10, b"234")


@pytest.mark.parametrize("n", [1, 9, 64, 127, 4096])
def test_an_array_longer_or_shorter_than_its_header_says_is_refused(tmp_path, n):
    np.save(tmp_path / "a.npy", np.zeros(1000))
    content = (tmp_path / "a.npy").read_bytes()
    for wrong in (content[:-n], content + bytes(n)):
        (tmp_path / "a.npy").write_bytes(wrong)
        with pytest.raises(ValueError, match=r"expected 8,128 bytes|magic|EOF|header"):
            map_array(tmp_path / "a.npy")


def pipe(path):
    os.mkfifo(path)


def unix_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)  # a socket's path is short
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


OTHER = {
    "a pipe": pipe,
    "a socket": unix_socket,
    "a folder": lambda path: path.mkdir(),
    "a device without end": lambda path: path.symlink_to("/dev/zero"),
}
PLACES = (
    MANIFEST, "thumbs.bin", "captions.bin", "arrays/pooled.npy", "arrays/maps.npy",
    "tables/images.parquet", "tables/diagnoses.parquet", "evaluation.json",
    "records/corruptions/record.json",
)  # fmt: skip


@pytest.mark.parametrize("what", OTHER)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.timeout(20)
def test_what_is_no_file_is_neither_waited_for_nor_read(fresh, what, place):
    """A page lists the runs, opens this one, and reads scores and the record of attacks."""
    write_synthetic_run(fresh.folder.parent, "good")
    path = fresh.folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    OTHER[what](path)
    entries = {entry.name: entry.problem for entry in list_runs(fresh.folder.parent)}
    assert entries["good"] == ""
    assert (entries["synthetic"] != "") == (place == MANIFEST)
    if place.startswith("records"):
        assert read_record(read_run(fresh.folder)) is None
        return
    with pytest.raises(RunError, match=path.name) as caught:
        read_evaluation(read_run(fresh.folder))
    assert "\n" not in str(caught.value)


def test_a_folder_that_may_not_be_read_is_listed_and_hurts_no_other(fresh, monkeypatch):
    write_synthetic_run(fresh.folder.parent, "good")
    exists = Path.exists

    def refusing(path, **named):
        if path.parent.name == "synthetic":
            raise PermissionError(13, "Permission denied", str(path))
        return exists(path, **named)

    monkeypatch.setattr(Path, "exists", refusing)
    entries = {entry.name: entry.problem for entry in list_runs(fresh.folder.parent)}
    assert entries["good"] == ""
    assert "cannot be read: Permission denied" in entries["synthetic"]


@pytest.mark.slow
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_stored_maps_that_are_not_finite_are_refused_wherever_they_lie(tmp_path, value):
    run = write_synthetic_run(tmp_path, X=300, F=64, H=8, W=8)  # more than opening looks at
    maps = np.load(run.folder / "arrays" / "maps.npy")
    maps[7, 3, 2, 1] = value
    np.save(run.folder / "arrays" / "maps.npy", maps)
    with pytest.raises(RunError, match="values that are not finite: precompute"):
        read_run(run.folder).maps(7)
