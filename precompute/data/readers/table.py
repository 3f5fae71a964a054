"""Reads a table of images: CSV, JSON lines or Parquet, one row per image.

As in Hugging Face's imagefolder, the column ``file_name`` holds paths below the table's folder and
``metadata.csv`` (``.jsonl``, ``.parquet``) in a folder of images is found by itself. Further
columns: the label, a split, captions, a box; each other one is taken for an attribute.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from fieldmarks.core.errors import DataError, brief
from fieldmarks.core.input_file import is_regular
from fieldmarks.precompute.data.caption_file import captions_of
from fieldmarks.precompute.data.captions import Bounded, Lines, Words
from fieldmarks.precompute.data.dataset import BBOX, Dataset
from fieldmarks.precompute.data.links import Inside
from fieldmarks.precompute.data.readers.columns import LABELS, Columns, with_folders
from fieldmarks.precompute.data.readers.files import Files
from fieldmarks.precompute.data.readers.folders import untrained
from fieldmarks.precompute.data.readers.frame import SUFFIXES, read_frame
from fieldmarks.precompute.data.readers.several import refuse_one_hot, refuse_several_labels
from fieldmarks.precompute.data.registry import register_dataset
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.data.split import make_split

#: Pixels beyond which a number is none of a picture's.
_FAR = 1e9


def table_in(folder: Path) -> Path | None:
    """Return the ``metadata`` table of a folder of images, None where there is none."""
    candidates = (folder / f"metadata{suffix}" for suffix in SUFFIXES)
    return next((path for path in candidates if is_regular(path)), None)


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES if is_regular(path) else table_in(path) is not None


@register_dataset("table", recognises=_is_table)
def read_table(source: DataSource) -> Dataset:
    """Read a table of images.

    Raises
    ------
    DataError
        If a column is missing, an image has several labels, or no file of the table is there.
    """
    path = table_in(source.data) if source.data.is_dir() else source.data
    if path is None:
        raise DataError(f"expected a table such as metadata.csv in {source.data}, found none")
    if source.data.is_dir():
        Inside(source.data, source.follow_links).require(path)
    folder = source.images or path.parent
    if not folder.is_dir():
        raise DataError(f"expected a folder of images at {folder}, found none: see --images")
    frame = read_frame(path)
    names = {name.lower() for name in frame.columns}
    if source.data.is_dir() and source.label is None and not names & set(LABELS):
        # as imagefolder has it: captions in the table, classes in the folders
        frame = with_folders(frame, folder)
        names = {name.lower() for name in frame.columns}
    if source.label is None and not names & set(LABELS):
        refuse_one_hot(frame)
    return dataset_of(frame, Columns.of(frame, source), folder, source)


def dataset_of(
    frame: pd.DataFrame,
    columns: Columns,
    folder: Path,
    source: DataSource,
    keypoints: Sequence[dict[str, tuple[float, float]]] | None = None,
) -> Dataset:
    """Return the data set of a table, whatever it was read from.

    Parameters
    ----------
    frame : DataFrame
        One row per image; rows that name one image are read together.
    columns : Columns
    folder : Path
        That the paths of the files begin at.
    source : DataSource
    keypoints : sequence of dicts, optional
        Row and column of the visible keypoints of each row by name, in pixels.
    """
    _require_names(frame[columns.file_name], columns.file_name)
    refuse_several_labels(frame[columns.label], columns.label)
    files = Files.of(texts(frame[columns.file_name]), folder, source.data)
    label = np.array(texts(frame[columns.label]))
    problems = list(files.problems)
    is_labelled = label != ""
    if not is_labelled.all():
        n = int((~is_labelled).sum())
        problems.append(f"{n} rows have no {columns.label}: left out")
    rows = _first_rows(files.paths, label, is_labelled)
    if len(rows) < is_labelled.sum():
        n = int(is_labelled.sum()) - len(rows)
        problems.append(f"{n} rows repeat an image of an earlier row: merged with it")
    names, true_c = np.unique(label[rows], return_inverse=True)
    splits = texts(frame[columns.split]) if columns.split else [""] * len(frame)
    split = make_split(
        source.splits_of([files.paths[row] for row in rows]) or [splits[row] for row in rows],
        true_c,
        [folder / files.paths[row] for row in rows],
        source.test_share,
        source.seed,
        source.split_meanings,
    )
    rows, true_c = rows[split.is_used], true_c[split.is_used]
    boxes = _boxes(frame, columns.box, rows)
    images = pd.DataFrame(
        {
            "path": [files.paths[row] for row in rows],
            "true_c": true_c.astype(np.int32),
            "is_train": split.is_train[split.is_used],
            **dict(zip(BBOX, boxes.T, strict=True)),
            "problem": [files.problem[row] for row in rows],
        }
    )
    class_names = [str(name) for name in names]
    of_rows = [keypoints[row] for row in rows] if keypoints else [{}] * len(rows)
    part_names = list(dict.fromkeys(name for visible in of_rows for name in visible))
    nowhere = (np.nan, np.nan)
    places = [[visible.get(name, nowhere) for name in part_names] for visible in of_rows]

    def words() -> Words:
        said = _words(frame, columns, files.paths, images["path"].tolist())
        if source.captions is None:
            return said
        of_images = [class_names[c] for c in images["true_c"]]
        follow = source.follow_links
        beside = captions_of(source.captions, images["path"].tolist(), of_images, follow)
        joined = Lines([*a, *b] for a, b in zip(said.lines, beside.lines, strict=True))
        problems = [*said.problems, *beside.problems]
        return replace(said, lines=joined, problems=problems, n_missing=beside.n_missing)

    return Dataset(
        image_folder=folder,
        images=images,
        class_ids=list(range(len(names))),
        class_names=class_names,
        part_names=part_names,
        parts=np.array(places, np.float32).reshape(len(rows), len(part_names), 2),
        problems=[*problems, *split.problems, *untrained(images, class_names)],
        is_split_drawn=split.is_drawn,
        read_words=words,
    )


def texts(column: pd.Series) -> list[str]:
    """Return the cells as text without spaces around it, empty for none.

    >>> texts(pd.Series([" a ", None, 3.0, 2.5]))
    ['a', '', '3', '2.5']
    """
    return [_text(value) for value in column.tolist()]


def _text(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float | np.generic):
        return str(value)
    return brief(value)


def _require_names(column: pd.Series, name: str) -> None:
    """Refuse a column that holds pictures where names of files are expected."""
    value = next((v for v in column.tolist() if v is not None), None)
    inside = value.get("bytes") if isinstance(value, dict) else value
    if isinstance(inside, bytes):
        key = '["bytes"]' if isinstance(value, dict) else ""
        raise DataError(
            f"the column {name!r} holds the pictures themselves, not the names of files: write "
            f"each to a file, for instance by Path(f'{{i}}.jpg').write_bytes(row[{name!r}]{key}), "
            "and name these files in a column file_name"
        )


def _first_rows(paths: list[str], label: np.ndarray, is_labelled: np.ndarray) -> np.ndarray:
    """Return the first row of each image; an image with two labels is refused."""
    first: dict[str, int] = {}
    for row in np.flatnonzero(is_labelled).tolist():
        earlier = first.setdefault(paths[row], row)
        if label[earlier] != label[row]:
            raise DataError(
                f"{paths[row]} is {brief(label[earlier])} in row {earlier + 1} and "
                f"{brief(label[row])} in row {row + 1}: expected one label an image"
            )
    return np.array(list(first.values()), int)


def _boxes(frame: pd.DataFrame, column: str | None, rows: np.ndarray) -> np.ndarray:
    """Return left, top, width and height of each row, NaN where it has no box."""
    boxes = np.full((len(rows), 4), np.nan, np.float32)
    if column is None:
        return boxes
    for i, value in enumerate(frame[column].iloc[rows].tolist()):
        if isinstance(value, str):
            value = value.strip("[]() ").replace(",", " ").split()
        if _text(value) == "":
            continue
        try:
            numbers = [float(number) for number in value]
        except (TypeError, ValueError, OverflowError):
            numbers = [math.nan]
        if numbers and len(numbers) != 4:
            raise DataError(
                f"expected left, top, width and height in {column} of row {rows[i] + 1}, found "
                f"{brief(value)}"
            )
        if numbers:
            boxes[i] = [number if abs(number) < _FAR else math.nan for number in numbers]
    return boxes


def _words(frame: pd.DataFrame, columns: Columns, paths: list[str], wanted: list[str]) -> Words:
    """Return the captions of all rows of each image, and the first row's other columns."""
    first: dict[str, int] = {}
    said: dict[str, list[str]] = {}
    bounded = Bounded()
    captions = frame[columns.captions].tolist() if columns.captions else [""] * len(frame)
    for row, (path, value) in enumerate(zip(paths, captions, strict=True)):
        first.setdefault(path, row)
        values = value if isinstance(value, (list, np.ndarray)) else _text(value).splitlines()
        said.setdefault(path, []).extend(bounded(v for v in values if isinstance(v, str)))
    rows = [first[path] for path in wanted]
    others = frame[list(columns.attributes)].iloc[rows].reset_index(drop=True)
    lines = Lines(said[path] for path in wanted)
    return Words(lines, columns=others, problems=bounded.problems)
