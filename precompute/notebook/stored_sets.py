"""``run --data`` on data sets that hold their pictures: by `datasets`, or shards of WebDataset."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from fieldmarks.core.errors import DataError, one_line
from fieldmarks.core.outputs import scratch_folder
from fieldmarks.precompute.data.readers.stored import (
    holds_pictures,
    is_saved,
    parquet_files,
    picture_columns,
    shards,
)
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.data.split import split_of
from fieldmarks.precompute.network.settings import NetworkSettings
from fieldmarks.precompute.notebook import tables
from fieldmarks.precompute.notebook.precompute import PICTURES, as_source
from fieldmarks.precompute.notebook.tar_shards import of_shards


def with_files(
    source: DataSource, network: NetworkSettings, folder: Path
) -> tuple[DataSource, NetworkSettings]:
    """Return the arguments of a run, with files in place of pictures that the data set holds.

    Parameters
    ----------
    source : DataSource
    network : NetworkSettings
        Gets the order of ClassLabel's names where it has none.
    folder : Path
        Where pictures and table are written.

    Raises
    ------
    DataError
        If the data set cannot be read, or names files in place of pictures.
    """
    if source.format not in (None, "stored") or not holds_pictures(source.data):
        return source, network
    if shards(source.data):
        written = of_shards(source.data, folder / PICTURES, source.label)
    else:
        written = _by_datasets(source, folder)
    given, fed = as_source(written, folder)
    given |= {"format": None, "file_name": None}
    given |= {} if source.split is None else {"split": source.split}
    classes = network.classes or fed.get("classes")
    return replace(source, **given), replace(network, classes=classes)


def _by_datasets(source: DataSource, folder: Path) -> tables.Written:
    """Write the pictures of a data set of Hugging Face, and return their table."""
    try:
        import datasets  # noqa: F401
    except ImportError as error:
        raise DataError(
            f"{source.data} is read by datasets, which is not installed ({one_line(error)}): "
            "pip install datasets"
        ) from None
    scratch_folder(folder)
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        splits = _opened(source.data, Path(cache))
        return tables.of_hugging_face(splits, folder / PICTURES, source.label, is_own=False)


def _opened(path: Path, cache: Path) -> dict[str, Any]:
    """Return the splits of a data set by name; a split alone has none."""
    from datasets import DatasetDict, Image, load_dataset, load_from_disk

    try:
        if path.is_dir() and is_saved(path):
            read = load_from_disk(str(path))
            splits = dict(read) if isinstance(read, DatasetDict) else {"": read}
        else:
            files: dict[str, list[str]] = {}
            for file in parquet_files(path):
                files.setdefault(_split(file, path), []).append(str(file))
            splits = dict(load_dataset("parquet", data_files=files, cache_dir=str(cache)))
            pictures = picture_columns(parquet_files(path)[0])
            splits = {
                split: samples.cast_column(pictures[0], Image(decode=False))
                for split, samples in splits.items()
            }
    except Exception as error:
        # Arrow and datasets raise many kinds without a common base
        raise DataError(f"{path} cannot be read by datasets: {one_line(error)}") from None
    return {"": next(iter(splits.values()))} if len(splits) == 1 else splits


def _split(file: Path, path: Path) -> str:
    """Return the split that a file or its folder is called by: ``train-00000-of-00002``."""
    names = [file.stem.partition("-")[0], *([file.parent.name] if file.parent != path else [])]
    return next((name for name in names if split_of(name)), "train")
