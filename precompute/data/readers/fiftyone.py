"""Reads what FiftyOne exports: FiftyOneImageClassificationDataset and FiftyOneDataset.

The first is ``data/`` and ``labels.json`` with ``classes`` and ``labels`` by the names of files,
the second ``data/`` and ``samples.json``, whose fields are kept. Class folders of
ImageClassificationDirectoryTree are read as class folders, but for ``_unlabeled``.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from fieldmarks.core.errors import DataError, brief
from fieldmarks.core.input_file import is_regular, read_json
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.data.image_file import image_files
from fieldmarks.precompute.data.readers.columns import Columns
from fieldmarks.precompute.data.readers.table import dataset_of
from fieldmarks.precompute.data.registry import register_dataset
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.data.split import split_of

_LABELS, _SAMPLES, _PICTURES = "labels.json", "samples.json", "data"
_SEVERAL = (
    "holds several labels a picture: multi-label networks are not explained; --label names a field "
    "of one label"
)


def _is_export(path: Path) -> bool:
    return (path / _PICTURES).is_dir() and any(
        is_regular(path / name) for name in (_LABELS, _SAMPLES)
    )


@register_dataset("fiftyone", recognises=lambda path: path.is_dir() and _is_export(path))
def read_fiftyone(source: DataSource) -> Dataset:
    """Read an export of FiftyOne.

    Raises
    ------
    DataError
        If it is none, holds several labels a picture, or no field has labels.
    """
    folder = source.data
    is_whole = is_regular(folder / _SAMPLES)
    path = folder / (_SAMPLES if is_whole else _LABELS)
    data = read_json(path, "a file of JSON")
    if not isinstance(data, dict):
        raise DataError(f"expected an object in {path}, found {brief(data)}")
    rows = _samples(data, path, source.label) if is_whole else _labels(data, path, folder)
    if not rows:
        raise DataError(f"expected images with labels in {path}, found none")
    frame = pd.DataFrame(rows).fillna("")
    used = ("file_name", "label", "split")
    others = tuple(str(name) for name in frame.columns if name not in used)
    columns = Columns("file_name", "label", "split", None, None, others)
    return dataset_of(frame, columns, folder, source)


def _labels(data: dict, path: Path, folder: Path) -> list[dict[str, Any]]:
    """Return file and label of each image of ``labels.json``."""
    labels, classes = data.get("labels"), data.get("classes")
    if not isinstance(labels, dict):
        raise DataError(f"expected labels by the names of images in {path}, found {brief(labels)}")
    names = classes if isinstance(classes, list) else []
    files = {}
    for name in image_files(folder / _PICTURES):
        files.setdefault(Path(name).with_suffix("").as_posix(), f"{_PICTURES}/{name}")
    rows = []
    for key, value in labels.items():
        label = value.get("label") if isinstance(value, dict) else value
        if isinstance(label, list):
            raise DataError(f"{path} {_SEVERAL}")
        if type(label) is int:
            if not 0 <= label < len(names):
                raise DataError(f"{path}: the label {label} of {brief(key)} is none of its classes")
            label = names[label]
        file = files.get(key) or files.get(Path(key).with_suffix("").as_posix())
        named = "" if label is None else str(label)
        rows.append({"file_name": file or f"{_PICTURES}/{key}", "label": named, "split": ""})
    return rows


def _samples(data: dict, path: Path, field: str | None) -> list[dict[str, Any]]:
    """Return file, label, split and simple fields of each image of ``samples.json``."""
    samples = data.get("samples")
    if not isinstance(samples, list) or not all(isinstance(each, dict) for each in samples):
        raise DataError(f"expected samples in {path}, found {brief(samples)}")
    fields = dict.fromkeys(
        name for each in samples for name, value in each.items() if _label(value) is not None
    )
    several = [
        name
        for each in samples
        for name, value in each.items()
        if isinstance(value, dict) and value.get("_cls") == "Classifications"
    ]
    chosen = field or ("ground_truth" if "ground_truth" in fields else next(iter(fields), None))
    if chosen in several or (chosen is None and several):
        raise DataError(f"the field {brief(chosen or several[0])} of {path} {_SEVERAL}")
    if chosen not in fields:
        known = f"; it has {', '.join(fields)}" if fields else ""
        raise DataError(
            f"expected a Classification as {brief(field or 'ground_truth')} in {path}{known}: name "
            "it by --label"
        )
    rows = []
    for each in samples:
        tags = each.get("tags")
        tags = tags if isinstance(tags, list) else []
        plain = {
            name: value
            for name, value in each.items()
            if not name.startswith("_") and isinstance(value, str | int | float)
        }
        file = str(plain.pop("filepath", ""))
        split = next((str(tag) for tag in tags if isinstance(tag, str) and split_of(tag)), "")
        row = {"file_name": file, "label": _label(each.get(chosen)) or "", "split": split}
        rows.append({**plain, **row})
    return rows


def _label(value: Any) -> str | None:
    """Return the label of a Classification, None for anything else."""
    if isinstance(value, dict) and value.get("_cls") == "Classification":
        return str(value.get("label") or "")
    return None
