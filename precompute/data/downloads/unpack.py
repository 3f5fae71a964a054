"""Unpacks a foreign archive: nothing is written outside the target, which is complete or absent."""

import os
import shutil
import tarfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from fieldmarks.core.errors import DataError
from fieldmarks.core.outputs import MARK, empty_scratch_folder, remove_scratch


def unpack(archive: Path, into: Path, rename: Callable[[str], str | None]) -> list[str]:
    """Unpack members of a tar archive into a folder.

    They are unpacked beside their place and moved into it at the end, so that an interruption
    leaves no half of a folder. Only files and folders are unpacked, without their permissions;
    paths with "..", links and devices are refused. (tarfile's own filters came with Python 3.11.4,
    and Debian 12 has 3.11.2.)

    Parameters
    ----------
    archive : Path
        Any compression that tarfile knows.
    into : Path
        Where the top-level entries appear; entries of the same names are left as they are.
    rename : callable
        Maps a member's name to where it goes, below ``into``, or to None to leave it out.

    Returns
    -------
    list of str
        Top-level entries that are there now.

    Raises
    ------
    DataError
        If the archive is damaged, hostile, or larger than the free disk space.
    """
    into.mkdir(parents=True, exist_ok=True)
    beside = into / f".{archive.name}.unpacking"
    empty_scratch_folder(beside)
    try:
        with tarfile.open(archive) as tar:
            members = _chosen(tar, rename)
            _require_space(members, into)
            for member, path in tqdm(members, f"unpacking {archive.name}", unit="file"):
                _extract(tar, member, beside / path)
        return _move_entries(beside, into)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DataError(
            f"{archive} is damaged ({error}); delete it and download it again"
        ) from None
    finally:
        remove_scratch(beside)


def _chosen(tar: tarfile.TarFile, rename) -> list[tuple[tarfile.TarInfo, PurePosixPath]]:
    """Return the members to unpack, and where each goes below the target."""
    members = []
    for member in tar.getmembers():
        name = rename(member.name.removeprefix("./"))
        if name is None:
            continue
        path = PurePosixPath(name.lstrip("/"))
        if ".." in path.parts or not (member.isfile() or member.isdir()):
            what = (
                "leads out of the folder"
                if ".." in path.parts
                else ("is neither a file nor a folder")
            )
            raise DataError(f"{tar.name} is not safe to unpack: {member.name!r} {what}")
        members.append((member, path))
    return members


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(member)
    assert content is not None, "a regular file has content"
    with content, path.open("wb") as file:
        shutil.copyfileobj(content, file)
    with suppress(OverflowError, ValueError):  # of a time that no clock shows
        os.utime(path, (member.mtime, member.mtime))


def _require_space(members: list[tuple[tarfile.TarInfo, PurePosixPath]], into: Path) -> None:
    needed, free = sum(member.size for member, _ in members), shutil.disk_usage(into).free
    if needed > free:
        raise DataError(
            f"unpacking needs {needed / 1e9:.1f} GB, {into} has {free / 1e9:.1f} GB free"
        )


def _move_entries(beside: Path, into: Path) -> list[str]:
    """Move the unpacked entries to their place and return their names."""
    entries = [entry for entry in sorted(beside.iterdir()) if entry.name != MARK]
    for entry in entries:
        if not os.path.lexists(into / entry.name):
            entry.rename(into / entry.name)
    return [entry.name for entry in entries]
