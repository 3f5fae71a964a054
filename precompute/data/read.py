"""From a path to a data set: all readers, and what every data set must fulfil."""

import numpy as np

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.data.links import Inside
from fieldmarks.precompute.data.readers import awa2, celeba, coco, cub, folders, table  # noqa: F401  # each registers its readers
from fieldmarks.precompute.data.registry import reader_of
from fieldmarks.precompute.data.source import DataSource


def read_dataset(source: DataSource) -> Dataset:
    """Read a data set in any layout that is registered.

    Raises
    ------
    DataError
        If it cannot be read, has fewer than two classes, a split without images, or files that lead
        out of its folder by a link.
    """
    dataset = reader_of(source)(source)
    _require_inside(source, dataset)
    _require_numbers(dataset.class_ids)
    images, n_classes = dataset.images, len(dataset.class_ids)
    if n_classes < 2:
        raise DataError(
            f"expected at least two classes in {source.data}, found "
            f"{n_classes and dataset.class_names[0]!r}: there is nothing to distinguish"
        )
    is_train = images["is_train"].to_numpy(bool)
    if not is_train.any() or is_train.all():
        raise DataError(
            f"expected images to train on and images to judge on in {source.data}, found "
            f"{int(is_train.sum())} and {int((~is_train).sum())}"
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
    return dataset


def _require_inside(source: DataSource, dataset: Dataset) -> None:
    """Refuse images that lead out of the data folder, which may itself be reached by a link."""
    is_folder = source.data.is_dir()
    folder = str(dataset.image_folder)
    root = source.images or (source.data if is_folder else source.data.parent)
    Inside(root).require_all(f"{folder}/{path}" for path in dataset.images["path"].array)


def _require_numbers(class_ids: list[int]) -> None:
    limit = np.iinfo(np.int32)
    wrong = [number for number in class_ids if not limit.min <= number <= limit.max]
    if wrong:
        raise DataError(
            f"expected classes numbered from {limit.min} to {limit.max}, got {wrong[0]}: number "
            "them again"
        )
