"""Which column of a table of images holds what."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.data.caption_file import FILES
from fieldmarks.precompute.data.image_file import image_files
from fieldmarks.precompute.data.readers.folders import split_folders
from fieldmarks.precompute.data.source import DataSource

#: Names by which a column is found where none is given, the likeliest first.
FILE_NAMES = FILES
LABELS = ("label", "class", "category", "class_name", "species")
SPLITS = ("split", "subset", "partition")
CAPTIONS = ("captions", "caption", "text")
BOXES = ("bbox", "box", "bounding_box")


@dataclass(frozen=True)
class Columns:
    """Which column holds what; None where the table has no such column."""

    file_name: str
    label: str
    split: str | None
    captions: str | None
    box: str | None
    attributes: tuple[str, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame, source: DataSource) -> "Columns":
        """Find the columns by the names given or the usual ones.

        Raises
        ------
        DataError
            If a column that was named is not there, or none holds files or labels.
        """
        names = list(frame.columns)
        file_name = _column(names, source.file_name, FILE_NAMES, "--file-name", "the image files")
        label = _column(names, source.label, LABELS, "--label", "the classes")
        split = _column(names, source.split, SPLITS, "--split")
        captions = _column(names, source.text, CAPTIONS, "--text")
        box = _column(names, None, BOXES)
        used = {file_name, label, split, captions, box, *FILE_NAMES}
        if file_name is None or label is None:
            raise AssertionError("required columns are found or refused")
        return cls(file_name, label, split, captions, box, tuple(n for n in names if n not in used))


def _column(
    names: list[str], given: str | None, usual: Sequence[str], option: str = "", holds: str = ""
) -> str | None:
    listed = f"{', '.join(names[:12])}{', ...' * (len(names) > 12)}"
    if given is not None:
        if given not in names:
            raise DataError(f"{option} {given}: the table has no such column; it has {listed}")
        return given
    by_name = {name.lower(): name for name in reversed(names)}
    match = next((by_name[name] for name in usual if name in by_name), None)
    if match is None and holds:
        raise DataError(f"expected a column of {holds}, found {listed}: name it by {option}")
    return match


def with_folders(frame: pd.DataFrame, folder: Path, tops: set[str] | None = None) -> pd.DataFrame:
    """Return a table of images with label and split by the folders that these lie in.

    Parameters
    ----------
    frame : DataFrame
        With a column of files, paths below the folder. A label or split that it has stays.
    folder : Path
    tops : set of str, optional
        Folders of splits; found in the folder by default.
    """
    lower = {str(name).lower(): str(name) for name in reversed(frame.columns.tolist())}
    file_name = next((lower[name] for name in FILE_NAMES if name in lower), None)
    if file_name is None:
        return frame
    if tops is None:
        tops = split_folders([path.split("/") for path in image_files(folder)])
    label, split = [], []
    for value in frame[file_name]:
        parts = str(value).strip().replace("\\", "/").split("/")
        depth = int(parts[0] in tops)
        label.append(parts[depth].replace("_", " ") if len(parts) > depth + 1 else "")
        split.append(parts[0] if depth else "")
    by_folder = {
        name: values
        for name, values, usual in (("label", label, LABELS), ("split", split, SPLITS))
        if any(values) and not any(each in lower for each in usual)
    }
    return frame.assign(**by_folder)
