"""Reads a table of images: CSV, JSON lines or Parquet, one row per image.

As in Hugging Face's imagefolder, the column ``file_name`` holds paths below the table's folder and
``metadata.csv`` (``.jsonl``, ``.parquet``) in a folder of images is found by itself. Further
columns: the label, a split, captions, a box; each other one is taken for an attribute.
"""

import csv
import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from fieldmarks.core.errors import DataError, one_line
from fieldmarks.precompute.data.caption_file import captions_of
from fieldmarks.precompute.data.captions import Bounded, Lines, Words
from fieldmarks.precompute.data.dataset import BBOX, Dataset
from fieldmarks.precompute.data.links import Inside
from fieldmarks.precompute.data.readers.columns import Columns
from fieldmarks.precompute.data.readers.files import Files
from fieldmarks.precompute.data.readers.folders import untrained
from fieldmarks.precompute.data.registry import register_dataset
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.data.split import make_split

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")


def table_in(folder: Path) -> Path | None:
    """Return the ``metadata`` table of a folder of images, None where there is none."""
    candidates = (folder / f"metadata{suffix}" for suffix in SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES if path.is_file() else table_in(path) is not None


def read_frame(path: Path) -> pd.DataFrame:
    """Read a table; in CSV every cell is a text, an empty cell is empty.

    Raises
    ------
    DataError
        If it cannot be read, or has no row.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            frame = pd.read_parquet(path)
        elif suffix in (".jsonl", ".ndjson"):
            frame = pd.DataFrame(list(_json_lines(path)))
        else:
            frame = _read_csv(path)
    except (ValueError, OSError, RecursionError) as error:
        raise DataError(f"{path} cannot be read as {suffix[1:]}: {one_line(error)}") from None
    columns = pd.Index([str(column).strip() for column in frame.columns])
    frame.columns = columns
    twice = columns[columns.duplicated()]
    if len(twice):
        raise DataError(f"{path} has two columns called {twice[0]!r}")
    if not len(frame):
        raise DataError(f"expected rows in {path}, found none")
    return frame


def _json_lines(path: Path) -> Iterator[dict]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ValueError(f"line {number}: {one_line(error)}") from None
            if not isinstance(row, dict):
                raise ValueError(f"line {number}: expected an object, found {line.strip()[:40]!r}")
            yield row


def _read_csv(path: Path) -> pd.DataFrame:
    data = path.read_bytes()
    encoding = "utf-8-sig"
    try:
        head = data.decode(encoding).partition("\n")[0]
    except UnicodeDecodeError:
        encoding = "cp1252"
        head = data.decode(encoding, errors="replace").partition("\n")[0]
    separator = max(",;\t|", key=head.count)
    names = [name.strip() for name in next(csv.reader([head], delimiter=separator), [])]
    if twice := [name for name, n in Counter(names).items() if n > 1]:
        raise DataError(f"{path} has two columns called {twice[0]!r}")
    return pd.read_csv(
        path,
        sep=separator,
        dtype=str,
        keep_default_na=False,
        encoding=encoding,
        encoding_errors="replace",
        skipinitialspace=True,
    )


@register_dataset("table", recognises=_is_table)
def read_table(source: DataSource) -> Dataset:
    """Read a table of images.

    Raises
    ------
    DataError
        If a column is missing, an image has two labels, or no file of the table is there.
    """
    path = source.data if source.data.is_file() else table_in(source.data)
    if path is None:
        raise DataError(f"expected a table such as metadata.csv in {source.data}, found none")
    if source.data.is_dir():
        Inside(source.data).require(path)
    folder = source.images or path.parent
    if not folder.is_dir():
        raise DataError(f"expected a folder of images at {folder}, found none: see --images")
    frame = read_frame(path)
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
    files = Files.of(texts(frame[columns.file_name]), folder)
    label = np.array(texts(frame[columns.label]))
    problems = list(files.problems)
    is_labelled = label != ""
    if not is_labelled.all():
        n = int((~is_labelled).sum())
        problems.append(f"{n} rows have no {columns.label}: left out")
    rows = _first_rows(files.paths, label, is_labelled)
    if len(rows) < is_labelled.sum():
        n = int(is_labelled.sum()) - len(rows)
        problems.append(f"{n} rows name an image that an earlier row names: read with it")
    names, true_c = np.unique(label[rows], return_inverse=True)
    splits = texts(frame[columns.split]) if columns.split else [""] * len(frame)
    split = make_split(
        [splits[row] for row in rows],
        true_c,
        [folder / files.paths[row] for row in rows],
        source.test_share,
        source.seed,
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
        beside = captions_of(source.captions, images["path"].tolist(), of_images)
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
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _first_rows(paths: list[str], label: np.ndarray, is_labelled: np.ndarray) -> np.ndarray:
    """Return the first row of each image; an image with two labels is refused."""
    first: dict[str, int] = {}
    for row in np.flatnonzero(is_labelled).tolist():
        earlier = first.setdefault(paths[row], row)
        if label[earlier] != label[row]:
            raise DataError(
                f"{paths[row]} is {label[earlier]!r} in row {earlier + 1} and {label[row]!r} in "
                f"row {row + 1}: expected one label an image"
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
        if value is None or isinstance(value, float) or len(value) == 0:
            continue
        try:
            boxes[i] = [float(number) for number in value]
        except (TypeError, ValueError):
            raise DataError(
                f"expected left, top, width and height in {column} of row {rows[i] + 1}, found "
                f"{value!r}"
            ) from None
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
        said.setdefault(path, []).extend(bounded(map(str, values)))
    rows = [first[path] for path in wanted]
    others = frame[list(columns.attributes)].iloc[rows].reset_index(drop=True)
    lines = Lines(said[path] for path in wanted)
    return Words(lines, columns=others, problems=bounded.problems)
