"""From a path to a data set: all readers, and what every data set must fulfil."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fieldmarks.core.errors import DataError, brief
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.data.image_file import decodes
from fieldmarks.precompute.data.links import Inside
from fieldmarks.precompute.data.readers import (  # noqa: F401  # each registers its readers
    awa2,
    celeba,
    coco,
    cub,
    fiftyone,
    folders,
    imagefolder,
    stored,
    table,
)
from fieldmarks.precompute.data.readers.split_file import read_splits
from fieldmarks.precompute.data.registry import reader_of
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.data.split import on_both_sides


def read_dataset(source: DataSource) -> Dataset:
    """Read a data set in any layout that is registered.

    Raises
    ------
    DataError
        If it cannot be read, has fewer than two classes, a split without images, or files that lead
        out of its folder by a link and are not pictures.
    """
    dataset = _read(source)
    n_links = _require_inside(source, dataset)
    if n_links:
        told = f"{n_links} images are links to pictures outside the data folder: followed"
        dataset = replace(dataset, problems=[*dataset.problems, told])
    _require_numbers(dataset.class_ids)
    images, n_classes = dataset.images, len(dataset.class_ids)
    if n_classes < 2:
        only = brief(dataset.class_names[0]) if n_classes else "none"
        raise DataError(
            f"expected images of at least two classes in {source.data}, found one: {only}. Give "
            "the folder that holds a folder for each class, or name the column of classes: --label"
        )
    is_train = images["is_train"].to_numpy(bool)
    if not is_train.any() or is_train.all():
        raise DataError(
            f"expected training and test images in {source.data}, found {int(is_train.sum())} "
            f"and {int((~is_train).sum())}"
        )
    is_missing = (images["problem"] != "").to_numpy(bool)
    if is_missing.all():
        raise DataError(
            f"none of the {len(images)} images are in {dataset.image_folder}, the first would be "
            f"{images['path'].iloc[0]}"
        )
    n_train = np.bincount(images["true_c"].to_numpy()[is_train & ~is_missing], minlength=n_classes)
    if (n_train > 0).sum() < 2:
        raise DataError(
            f"expected training images of at least two classes in {source.data}, found "
            f"{int((n_train > 0).sum())}"
        )
    if dataset.is_split_drawn:
        return dataset
    xs = np.flatnonzero(~is_missing)
    paths = images["path"].array
    told = on_both_sides([dataset.image_folder / paths[x] for x in xs], is_train[xs])
    return replace(dataset, problems=[*dataset.problems, *told])


def _read(source: DataSource) -> Dataset:
    """Return the data set of a source, with the split of a file where one is named."""
    read, file = reader_of(source), source.split_file
    if file is None:
        return read(source)
    told: list[str] = []

    def given(paths: Sequence[str]) -> list[str]:
        splits, lines = read_splits(file, paths, source.split_meanings)
        told.extend(lines)
        return [splits.get(path, "") for path in paths]

    dataset = read(replace(source, split=None, given_splits=given))
    if not told:
        raise DataError(
            f"--split {file} is not read: this data set has a split of its own; leave it out"
        )
    return replace(dataset, problems=[*told, *dataset.problems])


def _require_inside(source: DataSource, dataset: Dataset) -> int:
    """Refuse images that lead out of the data folder; return how many links to pictures do."""
    is_folder = source.data.is_dir()
    folder = str(dataset.image_folder)
    root = source.images or (source.data if is_folder else source.data.parent)
    return Inside(root, source.follow_links).require_all(
        (f"{folder}/{path}" for path in dataset.images["path"].array), decodes
    )


def _require_numbers(class_ids: list[int]) -> None:
    limit = np.iinfo(np.int32)
    wrong = [number for number in class_ids if not limit.min <= number <= limit.max]
    if wrong:
        raise DataError(
            f"expected classes numbered from {limit.min} to {limit.max}, got {wrong[0]}: number "
            "them again"
        )
