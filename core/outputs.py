"""The rule for all output: what the tool did not write is never changed.

Writes are atomic, under a name that nothing can have. A path that a person
gives is checked first (`check_output`). A folder that is made again takes the place of the earlier
one, of which only the tool's own files are removed: everything else moves along
(`replace_folder`). Folders to work in have a mark, and one without it is never used
(`scratch_folder`). Links are neither followed nor replaced.
"""

import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fieldmarks.core.errors import DataError

#: In a folder that the tool works in.
MARK = ".fieldmarks"
#: What a killed process leaves of a file that it was writing.
_UNFINISHED = re.compile(r"\.fieldmarks-[0-9a-f]{16}\.writing")

#: Returns the paths below a folder that the tool wrote, None for a folder that is not its own. They
#: are deleted in this order: what a folder is known by comes last.
Owned = Callable[[Path], "Sequence[str] | None"]


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a file for an atomic write: ``path`` is replaced when the file is complete.

    The file is written under a name of its own, synced and renamed. It is always a new file: a
    hard link to an earlier one keeps the earlier content.

    Raises
    ------
    DataError
        If there is anything but a regular file: a link, a folder, a device.
    """
    _require_plain(path)
    temporary = unfinished_path(path)
    try:
        # as "x" opens it: never what is there, never through a link
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if error.errno is not None:
            raise
        # NumPy raises an error without errno for a short write
        raise OSError(errno.ENOSPC, "No space left on device", str(path)) from None
    finally:
        temporary.unlink(missing_ok=True)


def unfinished_path(path: Path) -> Path:
    """Return a new path beside ``path``, for a file that replaces it when it is complete."""
    return path.with_name(f".fieldmarks-{secrets.token_hex(8)}.writing")


def is_unfinished(name: str) -> bool:
    """Whether a file of this name is what a killed `atomic_write` left."""
    return _UNFINISHED.fullmatch(name) is not None


def check_output(path: Path, inputs: Iterable[Path | None] = (), overwrite: bool = False) -> None:
    """Refuse to write where that would destroy something.

    Parameters
    ----------
    path : Path
        The file to be written.
    inputs : iterable of Path or None
        Files and folders that are read: a file that is one of them, or that lies in one, is never
        replaced.
    overwrite : bool
        Whether another file may be replaced.

    Raises
    ------
    DataError
        With what to do.
    """
    _require_plain(path)
    if not path.exists():
        return
    for given in inputs:
        if given is not None and given.exists() and _is_of(path, given):
            where = "is" if given.samefile(path) else f"lies in {given}, which is"
            raise DataError(f"{path} {where} read by this command: give another file to write")
    if not overwrite:
        raise DataError(f"{path} is there already: give another file, or --overwrite to replace it")


def _is_of(path: Path, given: Path) -> bool:
    return given.samefile(path) or (given.is_dir() and given.resolve() in path.resolve().parents)


def _require_plain(path: Path) -> None:
    """Refuse what is neither absent nor a regular file."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    if not stat.S_ISREG(mode):
        kinds = {stat.S_IFLNK: "a link", stat.S_IFDIR: "a folder"}
        what = kinds.get(stat.S_IFMT(mode), "not a regular file")
        raise DataError(f"{path} is {what}: give the path of a file to write")


def scratch_folder(path: Path) -> Path:
    """Return a folder to work in: a new one, an empty one, or one that was made by this before.

    Raises
    ------
    DataError
        If something else is there.
    """
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise DataError(f"{path} is not a folder of Fieldmarks: move it away")
    path.mkdir(parents=True, exist_ok=True)
    if not _is_marked(path):
        # another process of this run may have made the mark in between
        if any(path.iterdir()) and not _is_marked(path):
            raise DataError(f"{path} holds files that Fieldmarks did not write: move it away")
        (path / MARK).touch()
    return path


def empty_scratch_folder(path: Path) -> Path:
    """Return the same without what a killed process left in it."""
    remove_scratch(path)
    return scratch_folder(path)


def _is_marked(path: Path) -> bool:
    mark = path / MARK
    return not path.is_symlink() and not mark.is_symlink() and mark.is_file()


def remove_scratch(path: Path) -> None:
    """Delete a folder that `scratch_folder` returned; one without the mark stays."""
    if _is_marked(path):
        mark = path / MARK
        for entry in path.iterdir():
            if entry != mark:
                _delete(entry)
        mark.unlink()  # last: what is left of a killed deletion is still known
        path.rmdir()


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _aside(final: Path) -> Path:
    """Return where the earlier folder is while another one takes its place."""
    return final.with_name(f".{final.name}.old")


def check_replaceable(final: Path, owned: Owned, remedy: str) -> None:
    """Refuse to replace a folder that the tool did not write.

    Raises
    ------
    DataError
        If ``final``, or the place where it is put meanwhile, is something else.
    """
    for path in (final, _aside(final)):
        if path.is_symlink():
            raise DataError(f"{path} is a link, and stays as it is: {remedy}")
        if path.exists() and (not path.is_dir() or _files_of(path, owned) is None):
            raise DataError(f"{path} was not written by Fieldmarks, and stays as it is: {remedy}")


def replace_folder(new: Path, final: Path, owned: Owned) -> None:
    """Put a folder in the place of an earlier one, whose other files move along.

    At each moment one of the two, or ``.NAME.old``, is complete; `settle` finishes an interrupted
    replacement.

    Parameters
    ----------
    new, final : Path
        On one file system; ``final`` was checked by `check_replaceable`.
    owned : callable
        Of the folder that is replaced.
    """
    settle(final, owned)
    try:
        if final.exists():
            final.rename(_aside(final))
        new.rename(final)
    finally:
        settle(final, owned)


def settle(final: Path, owned: Owned) -> None:
    """Finish a replacement, or take it back where the new folder is not in its place."""
    old = _aside(final)
    files = None if old.is_symlink() or not old.is_dir() else _files_of(old, owned)
    if files is not None and final.exists():
        folders = {str(parent) for file in files for parent in Path(file).parents}
        _move_along(old, final, set(files), folders, Path())
        for file in files:
            (old / file).unlink(missing_ok=True)
        _remove_empty(old)
    elif files is not None:
        old.rename(final)
    if not final.is_symlink() and final.is_dir() and owned(final) is not None:
        (final / MARK).unlink(missing_ok=True)


def _files_of(folder: Path, owned: Owned) -> Sequence[str] | None:
    """Return the tool's files in a folder, none of one without any file; None for another's."""
    files = owned(folder)
    if files is None and all(path.is_dir() and not path.is_symlink() for path in _walk(folder)):
        return ()
    return files


def _walk(folder: Path) -> Iterator[Path]:
    """Yield all that lies in a folder, without following links."""
    for path in folder.iterdir():
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)


def _move_along(old: Path, final: Path, files: set[str], folders: set[str], below: Path) -> None:
    """Move all but the tool's own files into the new folder."""
    for entry in sorted((old / below).iterdir()):
        path = below / entry.name
        is_folder = entry.is_dir() and not entry.is_symlink()
        if is_folder and str(path) in folders:
            _move_along(old, final, files, folders, path)
        elif not is_folder and is_unfinished(entry.name):
            entry.unlink()
        elif is_folder or str(path) not in files:
            target = _free(final / path)
            target.parent.mkdir(parents=True, exist_ok=True)
            entry.rename(target)


def _remove_empty(folder: Path) -> None:
    for path in sorted(_walk(folder), reverse=True):
        path.rmdir()
    folder.rmdir()


def _free(path: Path) -> Path:
    """Return a path, with a number behind its name where something is there."""
    free, n = path, 1
    while os.path.lexists(free):
        n += 1
        free = path.with_name(f"{path.name}.{n}")
    return free
