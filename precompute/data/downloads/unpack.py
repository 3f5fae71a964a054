"""Unpacks an archive from elsewhere: nothing lands outside the target, and the target is whole."""

import os
import shutil
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from fieldmarks.core.errors import DataError
from fieldmarks.core.outputs import MARK, empty_scratch_folder, remove_scratch


def unpack(archive: Path, into: Path, rename: Callable[[str], str | None]) -> list[str]:
    """Unpack members of a tar archive into a folder.

    They are unpacked beside their place and moved into it at the end, so that an interruption
    leaves no half of a folder. Absolute paths, paths with "..", links that lead out, devices and
    special permissions are refused by Python's ``data`` filter.

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
            for member in tqdm(members, f"unpacking {archive.name}", unit="file"):
                tar.extract(member, beside, filter="data")
        return _move_entries(beside, into)
    except tarfile.FilterError as error:
        raise DataError(f"{archive} is not safe to unpack: {error}") from None
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DataError(f"{archive} is damaged ({error}); delete it and fetch it again") from None
    finally:
        remove_scratch(beside)


def _chosen(tar: tarfile.TarFile, rename) -> list[tarfile.TarInfo]:
    """Return the members to unpack under their new names."""
    members = []
    for member in tar.getmembers():
        name = rename(member.name.removeprefix("./"))
        if name is not None:
            members.append(member.replace(name=name))
    return members


def _require_space(members: list[tarfile.TarInfo], into: Path) -> None:
    needed, free = sum(member.size for member in members), shutil.disk_usage(into).free
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
