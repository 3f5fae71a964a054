"""The files of a run: names, atomic writes, arrays that are mapped or read."""

import errno
from contextlib import suppress

import numpy as np
import pytest

from fieldmarks.core.errors import FieldmarksError, RunError
from fieldmarks.core.outputs import atomic_write
from fieldmarks.core.run.files import (
    SMALL,
    array_path,
    check_name,
    map_array,
    open_array,
    runs_folder,
    sizes_of,
)


@pytest.mark.parametrize("name", ["", "../other", "a/b", ".hidden", "a b", "x" * 101])
def test_a_run_name_never_becomes_another_path(name):
    with pytest.raises(FieldmarksError, match="choose another name"):
        check_name(name)


def test_a_name_of_letters_and_digits_is_kept():
    assert check_name("cub-448_v1.2") == "cub-448_v1.2"


def test_the_folder_of_runs_is_the_one_that_is_set(tmp_path, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    assert runs_folder() == tmp_path
    monkeypatch.delenv("FIELDMARKS_RUNS")
    assert runs_folder().name == "artifacts"


def test_a_file_that_is_not_finished_leaves_the_old_one(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_bytes(b"old")
    with suppress(ValueError), atomic_write(path) as file:
        file.write(b"half of the new")
        raise ValueError
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["manifest.json"]


def test_a_hard_link_keeps_the_earlier_content(tmp_path):
    path, link = tmp_path / "a", tmp_path / "b"
    path.write_bytes(b"old")
    link.hardlink_to(path)
    with atomic_write(path) as file:
        file.write(b"new")
    assert (path.read_bytes(), link.read_bytes()) == (b"new", b"old")


def test_a_short_write_is_a_full_disk(tmp_path):
    with pytest.raises(OSError, match="No space left") as caught, atomic_write(tmp_path / "a"):
        raise OSError("400 requested and 12 written")
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("n", [3, 3_000_000])
def test_small_arrays_are_read_and_large_ones_mapped_both_read_only(tmp_path, n):
    np.save(tmp_path / "a.npy", np.arange(n))
    array = map_array(tmp_path / "a.npy")
    assert isinstance(array, np.memmap) == (8 * n > SMALL)
    assert not array.flags.writeable
    np.testing.assert_array_equal(array, np.arange(n))


@pytest.mark.parametrize(
    ("shape", "dtype", "message"),
    [
        ((4, 2), "float32", "should be float32 of shape"),
        ((2, 3), "int32", "should be int32"),
    ],
)
def test_an_array_of_another_shape_or_type_is_refused(tmp_path, shape, dtype, message):
    np.save(tmp_path / "a.npy", np.zeros((2, 3), np.float32))
    with pytest.raises(RunError, match=message):
        open_array(tmp_path / "a.npy", shape, dtype)
    with pytest.raises(RunError, match="is missing"):
        open_array(tmp_path / "b.npy", shape, dtype)


def test_the_sizes_of_a_run_are_those_of_its_arrays_and_tables(run):
    arrays = {name: run.array(*name.split("/")) for name in run.array_names}
    sizes = sizes_of(arrays, {name: len(run.table(name)) for name in run.table_names})
    assert all(run.sizes[letter] == n for letter, n in sizes.items())
    assert sizes.keys() >= set("XFTC")


def test_an_array_of_an_estimator_lies_in_a_folder_of_its_name(tmp_path):
    assert array_path(tmp_path, "evidence/ridge") == tmp_path / "arrays" / "evidence" / "ridge.npy"
