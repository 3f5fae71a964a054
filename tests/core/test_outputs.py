"""What the tool did not write is never replaced or removed: files, links, folders, other files."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.core.outputs import (
    MARK,
    atomic_write,
    check_output,
    check_replaceable,
    empty_scratch_folder,
    is_unfinished,
    remove_scratch,
    replace_folder,
    scratch_folder,
    settle,
)

MINE = ["arrays/a", "manifest"]


def owned(folder):
    """A folder is the tool's where it has a file `manifest`."""
    return MINE if (folder / "manifest").is_file() else None


def put(folder, **files):
    """Write files into a folder; a double underscore stands for a slash."""
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def texts(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def names_in(folder):
    return [path.name for path in folder.iterdir()]


def link(path, target):
    target.write_text("photo")
    path.symlink_to(target)


THERE = {
    "a link": (lambda path: link(path, path.with_name("photo")), "is a link"),
    "a link to nothing": (lambda path: path.symlink_to("nowhere"), "is a link"),
    "a folder": (lambda path: path.mkdir(), "is a folder"),
    "a pipe": (os.mkfifo, "is not a regular file"),
}


@pytest.mark.parametrize("what", THERE)
def test_nothing_is_written_over_what_is_no_file(tmp_path, what):
    make, message = THERE[what]
    path = tmp_path / "out.csv"
    make(path)
    before = path.lstat()
    with pytest.raises(DataError, match=message), atomic_write(path) as file:
        file.write(b"new")
    for overwrite in (False, True):
        with pytest.raises(DataError, match=message):
            check_output(path, overwrite=overwrite)
    assert path.lstat() == before
    assert "new" not in texts(tmp_path).values()


def test_a_file_is_written_beside_whatever_has_the_names_of_earlier_versions(tmp_path):
    put(tmp_path, **{"out.csv.partial": "mine"})
    link(tmp_path / ".out.csv.writing", tmp_path / "photo")
    with atomic_write(tmp_path / "out.csv") as file:
        file.write(b"new")
    assert texts(tmp_path) == {"out.csv": "new", "out.csv.partial": "mine", "photo": "photo"}
    assert (tmp_path / ".out.csv.writing").is_symlink()


def test_what_a_killed_writer_left_is_known_by_its_name(tmp_path, monkeypatch):
    names = []
    with suppress(KeyboardInterrupt), atomic_write(tmp_path / "a"):
        names += names_in(tmp_path)
        raise KeyboardInterrupt
    (name,) = names
    assert is_unfinished(name)
    assert not is_unfinished(".a.writing")
    assert names_in(tmp_path) == []


def test_a_new_file_has_the_usual_permissions(tmp_path):
    with atomic_write(tmp_path / "a") as file:
        file.write(b"new")
    (tmp_path / "b").touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


#: What is written, what is read, and what is said without and with --overwrite ("" for nothing).
OUTPUTS = [
    ("new.csv", ["data"], "", ""),
    ("data/new.csv", ["data"], "", ""),
    ("photo.png", ["data"], "is there already", ""),
    ("data/photo.png", ["data"], "read by this command", "read by this command"),
    ("weights.pth", ["weights.pth"], "read by this command", "read by this command"),
    ("hard.pth", ["weights.pth"], "read by this command", "read by this command"),
    ("data/../weights.pth", ["weights.pth"], "read by this command", "read by this command"),
    ("weights.pth", ["no such file"], "is there already", ""),
    ("weights.pth", [None], "is there already", ""),
]


@pytest.mark.parametrize(("path", "inputs", "without", "with_it"), OUTPUTS)
def test_an_output_takes_nothing_away(tmp_path, path, inputs, without, with_it):
    put(tmp_path, **{"photo.png": "1", "data__photo.png": "2", "weights.pth": "3"})
    (tmp_path / "hard.pth").hardlink_to(tmp_path / "weights.pth")
    inputs = [name if name is None else tmp_path / name for name in inputs]
    for overwrite, message in ((False, without), (True, with_it)):
        if message:
            with pytest.raises(DataError, match=message):
                check_output(tmp_path / path, inputs, overwrite)
        else:
            check_output(tmp_path / path, inputs, overwrite)


def test_an_empty_path_is_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="is a folder"):
        check_output(Path())


def test_a_folder_to_work_in_is_new_or_has_the_mark(tmp_path):
    folder = scratch_folder(tmp_path / ".a.partial")
    put(folder, half="1")
    assert scratch_folder(folder) == folder
    assert texts(folder) == {MARK: "", "half": "1"}
    assert texts(empty_scratch_folder(folder)) == {MARK: ""}
    remove_scratch(folder)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("what", ["a file", "a full folder", "a link", "a link as its mark"])
def test_a_folder_of_somebody_else_is_never_worked_in_or_removed(tmp_path, what):
    path, other = tmp_path / ".a.partial", put(tmp_path / "other", photo="1")
    {
        "a file": lambda: path.write_text("mine"),
        "a full folder": lambda: put(path, photo="2"),
        "a link": lambda: path.symlink_to(other),
        "a link as its mark": lambda: put(path, photo="2") and (path / MARK).symlink_to(other),
    }[what]()
    before = texts(tmp_path)
    with pytest.raises(DataError, match="move it away"):
        scratch_folder(path)
    remove_scratch(path)
    assert texts(tmp_path) == before


@pytest.mark.parametrize("name", ["a", ".a.old"])
@pytest.mark.parametrize("what", ["photos", "a file", "a link to one of ours"])
def test_only_a_folder_of_ours_is_replaced(tmp_path, name, what):
    path, ours = tmp_path / name, put(tmp_path / "ours", manifest="1")
    {
        "photos": lambda: put(path, photo="1"),
        "a file": lambda: path.write_text("1"),
        "a link to one of ours": lambda: path.symlink_to(ours),
    }[what]()
    before = texts(tmp_path)
    with pytest.raises(DataError, match=r"stays as it is: choose another"):
        check_replaceable(tmp_path / "a", owned, "choose another")
    settle(tmp_path / "a", owned)
    assert texts(tmp_path) == before


def earlier(tmp_path):
    """An earlier folder with files of ours and of a person."""
    put(
        tmp_path / "a",
        manifest="1",
        arrays__a="1",
        arrays__mine="kept",
        notes="kept",
        photos__one="kept",
    )
    (tmp_path / "a" / "link").symlink_to("notes")
    (tmp_path / "a" / "empty").mkdir()
    os.mkfifo(tmp_path / "a" / "pipe")
    return tmp_path / "a"


def test_files_of_a_person_move_along_when_a_folder_is_replaced(tmp_path):
    old = earlier(tmp_path)
    new = put(scratch_folder(tmp_path / ".a.partial"), manifest="2", photos__two="2")
    replace_folder(new, old, owned)
    assert texts(old) == {
        "manifest": "2", "arrays/mine": "kept", "notes": "kept", "photos/two": "2",
        "photos.2/one": "kept",
    }  # fmt: skip
    assert (old / "link").readlink().name == "notes"
    assert (old / "empty").is_dir()
    assert (old / "pipe").is_fifo()
    assert names_in(tmp_path) == ["a"]


def test_a_replacement_that_is_killed_anywhere_loses_nothing_and_is_finished(tmp_path, monkeypatch):
    """At each rename, unlink and rmdir in turn the process ends; then it starts again."""

    class Killed(BaseException):
        pass

    for n in range(60):
        folder = tmp_path / str(n)
        old = earlier(put(folder))
        new = put(scratch_folder(folder / ".a.partial"), manifest="2", arrays__a="2")
        left = [n]

        def dying(function, left=left):
            def counted(*args, **named):
                if left[0] == 0:
                    raise Killed
                left[0] -= 1
                return function(*args, **named)

            return counted

        with monkeypatch.context() as patch:
            for name in ("rename", "unlink", "rmdir"):
                patch.setattr(Path, name, dying(getattr(Path, name)))
            try:
                replace_folder(new, old, owned)
                is_done = True
            except Killed:
                is_done = False
        kept = {name: text for name, text in texts(folder).items() if text == "kept"}
        assert sorted(kept.values()) == ["kept"] * 3, n
        settle(old, owned)
        if new.exists():
            replace_folder(new, old, owned)
        assert texts(old) == {
            "manifest": "2", "arrays/a": "2", "arrays/mine": "kept", "notes": "kept",
            "photos/one": "kept",
        }  # fmt: skip
        assert names_in(folder) == ["a"]
        if is_done:
            return
    raise AssertionError("it never came to its end")
