"""The image files that a table names: by path, or by a name without folders and suffix."""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fieldmarks.core.errors import DataError, brief
from fieldmarks.core.input_file import is_regular
from fieldmarks.core.run.contract import UNREADABLE
from fieldmarks.precompute.data.image_file import Skipped, image_files


@dataclass(frozen=True)
class Files:
    """The image file of each row.

    Parameters
    ----------
    paths : list of str
        Below the image folder.
    problem : list of str
        Empty, or that there is no such file.
    problems : list of str
        What is reported for all of them.
    """

    paths: list[str]
    problem: list[str]
    problems: list[str]

    @classmethod
    def of(cls, values: list[str], folder: Path, table: Path) -> "Files":
        """Find the file that each value names: a path, or a name without suffix and folders.

        The table itself, which may lie among the pictures, is not reported.

        Raises
        ------
        DataError
            If none is there.
        """
        skipped = Skipped()
        there = list(image_files(folder, skipped))
        skipped.forget(os.path.relpath(table, folder))
        known = set(there)
        by_stem: dict[str, str] = {}
        for name in there:
            by_stem.setdefault(name.rpartition(".")[0], name)
        by_name = _alone(there)
        paths, problem = [], []
        for value in values:
            path = _below(value, folder)
            path = path if path in known else by_stem.get(path) or by_name.get(path, path)
            paths.append(path)
            why = "no picture that can be read" if is_regular(folder / path) else "no such file"
            problem.append("" if path in known else f"{UNREADABLE}: {why}")
        n_missing = sum(map(bool, problem))
        if n_missing == len(paths):
            example = f"{len(there)} images, such as {there[0]}" if there else "no images"
            raise DataError(
                f"none of the {len(paths)} files of the table are in {folder}: the first is "
                f"{brief(values[0])}, the folder holds {example}; see --images and --file-name"
            )
        missing = [path for path, is_missing in zip(paths, problem, strict=True) if is_missing]
        told = [f"{n_missing} of {len(paths)} images are missing, such as {', '.join(missing[:3])}"]
        told = told if missing else []
        if unlisted := sorted(known - set(paths)):
            told.append(
                f"{len(unlisted)} images of the folder are not in the table, such as "
                f"{', '.join(unlisted[:3])}: left out"
            )
        return cls(paths, problem, [*told, *skipped.told()])


def _alone(there: list[str]) -> dict[str, str]:
    """Return the files below folders by name and by name without suffix, where one has it."""
    by_name: dict[str, list[str]] = {}
    for path in there:
        name = PurePosixPath(path).name
        for key in {name, name.rpartition(".")[0]}:
            by_name.setdefault(key, []).append(path)
    return {name: paths[0] for name, paths in by_name.items() if len(paths) == 1}


def _below(value: str, folder: Path) -> str:
    """Return a path below the folder with slashes; one that leads out of it is refused."""
    if "\0" in value:
        raise DataError(f"expected the path of an image, got {brief(value)}")
    path = PurePosixPath(value.replace("\\", "/"))
    if path.is_absolute():
        try:
            path = PurePosixPath(Path(path).resolve().relative_to(folder.resolve()).as_posix())
        except ValueError:
            raise DataError(f"{value} lies outside the image folder {folder}") from None
    if ".." in path.parts:
        raise DataError(f"{value} lies outside the image folder {folder}")
    return str(path)
