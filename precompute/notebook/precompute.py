"""``fm.precompute(model, dataset, name=...)``: a run from what a notebook holds."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from torch import nn

from fieldmarks.core.errors import DataError, one_line
from fieldmarks.core.outputs import scratch_folder
from fieldmarks.core.run.files import check_name, runs_folder
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.data.readers.columns import FILE_NAMES
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.network.settings import NetworkSettings
from fieldmarks.precompute.notebook import tables
from fieldmarks.precompute.notebook.pictures import (
    Normalisation,
    Written,
    is_samples,
    put_bytes,
    write_samples,
)
from fieldmarks.precompute.pipeline import pipeline
from fieldmarks.precompute.pipeline.settings import Settings

if TYPE_CHECKING:
    pass

#: Folder of the pictures that are written, beside their table.
PICTURES = "pictures"
_OF_NETWORK = {field.name for field in fields(NetworkSettings)} - {"source"}
_OF_SOURCE = {field.name for field in fields(DataSource)} - {"data", "captions", "given_splits"}
_OF_RUN = {field.name for field in fields(Settings)} - {"source", "network", "name", "runs"}


def precompute(
    model: "nn.Module | str",
    dataset: Any,
    *,
    name: str,
    words: "Path | str | Sequence | None" = None,
    runs: Path | str | None = None,
    **options: Any,
) -> Run:
    """Compute a run of a network and a data set, and return it; what is current stays.

    Parameters
    ----------
    model : nn.Module or str
        A trained network, which stays as it is, or what ``--network`` of the command takes.
    dataset : object
        A folder or a table; a DataFrame with a column of files and one of labels; torchvision's
        ImageFolder or another map-style data set of (image, label), whose own transform is
        applied; a `datasets.Dataset`; a FiftyOne data set. Or a mapping of splits ("train",
        "test") to these.
    name : str
        Of the run.
    words : Path, str or sequence, optional
        A folder or file of captions, or the captions of each sample in their order. Without them
        the run has no words; given later, the network is not run again.
    runs : Path, optional
        The folder of runs.
    **options
        As the options of ``fieldmarks run``, with ``_`` for ``-``: ``label``, ``mean``, ``std``,
        ``resize``, ``input_size``, ``maps``, ``checkpoint``, ``min_images``, ...

    Raises
    ------
    FieldmarksError
        If data set and network are not what they should be.
    """
    runs = Path(runs) if runs is not None else runs_folder()
    folder = runs.resolve() / f".{check_name(name)}.data"
    unknown = options.keys() - _OF_NETWORK - _OF_SOURCE - _OF_RUN - {"classes"}
    if unknown:
        raise DataError(f"fm.precompute has no option {min(unknown)!r}: see 'fieldmarks run -h'")
    source, fed = _source(dataset, folder, options)
    captions = _captions(words, folder, source)
    of_source = {key: options[key] for key in _OF_SOURCE & options.keys()} | source
    of_network = fed | {key: options[key] for key in _OF_NETWORK & options.keys()}
    side = of_network.pop("input_size", None)
    given = {key: options[key] for key in _OF_RUN & options.keys()}
    if side is not None:
        given["input_size"] = side
    if given.get("checkpoint") is not None:
        given["checkpoint"] = Path(given["checkpoint"])
    is_live = isinstance(model, nn.Module)
    settings = Settings(
        source=DataSource(captions=captions, **of_source),
        network=NetworkSettings(source=None if is_live else str(model), **of_network),
        name=name,
        runs=runs,
        **{"checkpoint": None, **given},
    )
    return pipeline.precompute(settings, network=model if is_live else None)


def _source(dataset: Any, folder: Path, options: dict) -> tuple[dict, dict]:
    """Return the arguments of `DataSource`, and what the data set says of the network's input."""
    if isinstance(dataset, (str, os.PathLike)):
        return {"data": Path(dataset)}, {}
    scratch_folder(folder)
    label = options.get("label")
    if isinstance(dataset, pd.DataFrame):
        named = {key: value for key in ("images",) if (value := options.get(key)) is not None}
        return _table(dataset, folder, options.get("file_name")) | named, {}
    splits = dataset if isinstance(dataset, Mapping) else {"": dataset}
    first = next(iter(splits.values()), None)
    if tables.is_hugging_face(first):
        written = tables.of_hugging_face(splits, folder / PICTURES, label)
    elif tables.is_fiftyone(first):
        written = tables.of_fiftyone(first, label)
    elif is_samples(first):
        mean, std = options.get("mean"), options.get("std")
        norm = Normalisation(tuple(mean), tuple(std)) if mean and std else None
        written = write_samples(splits, folder / PICTURES, norm)
    else:
        raise DataError(
            f"expected a folder, a DataFrame, a map-style data set, a datasets.Dataset or a "
            f"FiftyOne data set, got a {type(first).__name__}"
        )
    return as_source(written, folder)


def as_source(written: Written, folder: Path) -> tuple[dict, dict]:
    """Write the table of written pictures; return what it says of source and network."""
    return _table(written.table, folder) | {"label": "label"}, _fed(written, folder)


def _table(table: pd.DataFrame, folder: Path, file_name: str | None = None) -> dict:
    """Write a table and return where it and its pictures lie."""
    by_name = {str(each).lower(): each for each in table.columns}
    column = file_name or next((by_name[each] for each in FILE_NAMES if each in by_name), None)
    if column is None or column not in table:
        raise DataError(
            f"expected a column of picture files, found {', '.join(map(str, table.columns))}: "
            "name it by file_name="
        )
    paths = [Path(str(each)) for each in table[column]]
    if paths[0].is_absolute() or not (folder / PICTURES / paths[0]).is_file():
        paths = [each.resolve() for each in paths]
        table = table.assign(**{str(column): [str(each) for each in paths]})
        images = Path(os.path.commonpath([each.parent for each in paths]))
    else:
        images = folder / PICTURES
    put_bytes(folder / "metadata.jsonl", _lines(table))
    return {"data": folder / "metadata.jsonl", "images": images}


def _lines(table: pd.DataFrame) -> bytes:
    try:
        text = table.to_json(orient="records", lines=True, force_ascii=False, default_handler=str)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"the table cannot be written as JSON ({one_line(error)})") from None
    return (text or "").encode()


def _fed(written: Written, folder: Path) -> dict:
    fed: dict[str, Any] = {}
    if written.class_names:
        put_bytes(folder / "classes.txt", "\n".join([*written.class_names, ""]).encode())
        fed["classes"] = str(folder / "classes.txt")
    if written.normalisation is not None:
        if not written.is_exact:
            print(
                f"note: the transform's values are up to {written.off:.2f} of 255 levels from "
                "whole numbers; pictures are rounded, so class scores differ slightly from "
                "yours"
            )
        fed |= {"mean": written.normalisation.mean, "std": written.normalisation.std}
        fed |= {"crop": "centre", "input_size": written.size}
    return fed


def _captions(words: Any, folder: Path, source: dict) -> Path | None:
    """Return where captions lie; those of a sequence are written beside the table."""
    if words is None or isinstance(words, (str, os.PathLike)):
        return None if words is None else Path(words)
    table = folder / "metadata.jsonl"
    if source["data"] != table:
        raise DataError(
            "captions in the order of the samples need a data set that is in memory: give a file "
            "or folder of captions"
        )
    rows = [json.loads(line) for line in table.read_text("utf-8").splitlines()]
    if len(words) != len(rows):
        raise DataError(f"expected captions of {len(rows)} samples, got {len(words)}")
    images, name = source["images"], next(each for each in FILE_NAMES if each in rows[0])
    lines = [
        {
            "file_name": str(Path(row[name]).relative_to(images))
            if Path(row[name]).is_absolute()
            else row[name],
            "captions": [said] if isinstance(said, str) else list(said or []),
        }
        for row, said in zip(rows, words, strict=True)
    ]
    path = folder / "captions.jsonl"
    put_bytes(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode())
    return path
