"""Reads Hugging Face's imagefolder with ``metadata`` tables in folders of splits or of classes.

``root/train/metadata.jsonl`` names files below ``root/train``. Columns are read as those of a
table; the label and the split come from the folders where no column has them, and an image that no
table names is read by its folders alone.
"""

import os
from dataclasses import replace
from pathlib import Path

import pandas as pd

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.data.image_file import image_files, is_text
from fieldmarks.precompute.data.links import Inside
from fieldmarks.precompute.data.readers.columns import (
    FILE_NAMES,
    LABELS,
    SPLITS,
    Columns,
    with_folders,
)
from fieldmarks.precompute.data.readers.folders import split_folders
from fieldmarks.precompute.data.readers.table import dataset_of, read_frame, table_in, texts
from fieldmarks.precompute.data.registry import register_dataset
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.data.split import split_of


def _tables_below(folder: Path) -> list[Path]:
    """Return the ``metadata`` tables of the folders below a folder, in sorted order."""
    tables = []
    for parent, folders, _ in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and is_text(name))
        table = table_in(Path(parent))
        if table is not None and Path(parent) != folder:
            tables.append(table)
    return tables


def _is_imagefolder(path: Path) -> bool:
    return path.is_dir() and table_in(path) is None and bool(_tables_below(path))


@register_dataset("imagefolder", recognises=_is_imagefolder)
def read_imagefolder(source: DataSource) -> Dataset:
    """Read a folder with ``metadata`` tables in its folders.

    Raises
    ------
    DataError
        If a table cannot be read, or names no file.
    """
    folder = source.data
    tables = _tables_below(folder)
    Inside(folder, source.follow_links).require_all(tables)
    there = list(image_files(folder))
    tops = split_folders([path.split("/") for path in there])
    # with a table that has the labels, images may lie in a split folder itself
    named = {table.parent.relative_to(folder).parts[0] for table in tables}
    tops |= {top for top in named if split_of(top)}
    frames = [_frame(table, folder, tops, source) for table in tables]
    known = {path for frame in frames for path in frame["file_name"]}
    rest = [path for path in there if path not in known]
    alone = with_folders(pd.DataFrame({"file_name": rest}), folder, tops)
    if rest and "label" in alone:
        frames.append(alone)
    joined = pd.concat(frames, ignore_index=True)
    for name in ("label", "split"):
        if name in joined:
            joined[name] = joined[name].fillna("")
    # each column has the one name by now
    by_name = replace(source, file_name=None, label=None, split=None)
    columns = Columns.of(joined, by_name)
    dataset = dataset_of(joined, columns, folder, source)
    told = [f"{len(tables)} metadata tables are read, such as {tables[0].relative_to(folder)}"]
    if rest and "label" in alone:
        told.append(
            f"{len(rest)} images are in no metadata table: their class is that of their folder"
        )
    return replace(dataset, problems=[*told, *dataset.problems])


def _frame(table: Path, folder: Path, tops: set[str], source: DataSource) -> pd.DataFrame:
    """Return a table with file, label and split under one name each, whatever it calls them."""
    frame = read_frame(table)
    lower = {str(name).lower(): str(name) for name in reversed(frame.columns.tolist())}
    for one, given, usual in (
        ("file_name", source.file_name, FILE_NAMES),
        ("label", source.label, LABELS),
        ("split", source.split, SPLITS),
    ):
        found_name = given or next((lower[name] for name in usual if name in lower), None)
        if found_name in frame.columns:
            frame = frame.rename(columns={found_name: one})
    if "file_name" not in frame:
        raise DataError(f"expected a column of the image files in {table}, such as file_name")
    below = table.parent.relative_to(folder).as_posix()
    frame["file_name"] = [f"{below}/{name}" for name in texts(frame["file_name"])]
    return with_folders(frame, folder, tops)
