import hashlib
import tarfile

import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.data.downloads.unpack import unpack
from tests.support.archives import archive, special


def test_members_land_under_their_new_names_and_others_are_left_out(tmp_path):
    path = archive(tmp_path / "a.tgz", {"./old/x.txt": b"x", "other/y.txt": b"y"})
    into = tmp_path / "into"
    entries = unpack(path, into, lambda name: name.replace("old", "new") if "old" in name else None)
    assert entries == ["new"]
    assert [p.name for p in into.iterdir()] == ["new"]
    assert (into / "new" / "x.txt").read_bytes() == b"x"


@pytest.mark.parametrize(
    "members",
    [
        {"../evil.txt": b"evil"},
        {"good/../../evil.txt": b"evil"},
        special("link", tarfile.SYMTYPE, "../../evil.txt"),
        special("link", tarfile.SYMTYPE, "/etc/passwd"),
        special("link", tarfile.LNKTYPE, "../evil.txt"),
        special("device", tarfile.CHRTYPE),
        special("pipe", tarfile.FIFOTYPE),
        special("link", tarfile.SYMTYPE, "..") | {"link/evil.txt": b"evil"},
    ],
)
def test_a_hostile_archive_is_refused_and_leaves_nothing(tmp_path, members):
    path = archive(tmp_path / "a.tgz", {"good/x.txt": b"x", **members})
    into = tmp_path / "folder" / "into"
    with pytest.raises(DataError, match="is not safe to unpack"):
        unpack(path, into, lambda name: name)
    assert list(into.iterdir()) == []
    assert not list(tmp_path.rglob("evil.txt"))


def test_an_absolute_path_lands_inside(tmp_path):
    path = archive(tmp_path / "a.tgz", {"/top/x.txt": b"x"})
    assert unpack(path, tmp_path / "into", lambda name: name) == ["top"]
    assert (tmp_path / "into" / "top" / "x.txt").is_file()


@pytest.mark.parametrize("damage", [lambda c: c[: len(c) // 2], lambda c: b"<html>quota</html>"])
def test_a_damaged_archive_is_named_and_leaves_nothing(tmp_path, damage):
    path = archive(tmp_path / "a.tgz", {"top/x.bin": hashlib.sha512(b"x").digest() * 500})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=r"a\.tgz is damaged"):
        unpack(path, tmp_path / "into", lambda name: name)
    assert list((tmp_path / "into").iterdir()) == []


def test_an_archive_larger_than_the_disk_is_refused(tmp_path, monkeypatch):
    path = archive(tmp_path / "a.tgz", {"top/x.bin": b"x" * 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 999}))
    with pytest.raises(DataError, match=r"unpacking needs .* GB, .* has .* GB free"):
        unpack(path, tmp_path / "into", lambda name: name)


def test_unpacking_needs_nothing_that_came_after_python_3_11_0(tmp_path, monkeypatch):
    for holder, name in ((tarfile, "FilterError"), (tarfile, "data_filter"),
                         (tarfile.TarInfo, "replace")):  # fmt: skip
        monkeypatch.delattr(holder, name, raising=False)
    path = archive(tmp_path / "a.tgz", {"old/x.txt": b"x"})
    assert unpack(path, tmp_path / "into", lambda name: name.replace("old", "new")) == ["new"]
    assert (tmp_path / "into" / "new" / "x.txt").read_bytes() == b"x"


def test_a_file_keeps_its_time_and_none_of_its_permissions(tmp_path):
    info = tarfile.TarInfo("x")
    info.mtime, info.mode = 10**9, 0o4777
    unpack(archive(tmp_path / "a.tgz", {"x": info}), tmp_path / "into", lambda name: name)
    status = (tmp_path / "into" / "x").stat()
    assert status.st_mtime == 10**9
    assert not status.st_mode & 0o7000
