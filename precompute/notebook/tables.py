"""Data sets of other libraries as a table of pictures: Hugging Face's and FiftyOne's."""

import io
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image
from tqdm import tqdm

from fieldmarks.core.errors import DataError, brief
from fieldmarks.precompute.data.image_file import FORMATS
from fieldmarks.precompute.notebook.pictures import Written, put_bytes

#: The field of labels in FiftyOne's own data sets.
GROUND_TRUTH = "ground_truth"
_SPLITS = ("train", "validation", "test")
#: Names of splits become names of folders: none leads elsewhere.
_PLAIN_NAME = re.compile(r"\w[\w.-]{0,99}")


def is_hugging_face(value: Any) -> bool:
    """Whether a value is a `datasets.Dataset`."""
    return hasattr(value, "features") and hasattr(value, "cast_column")


def is_fiftyone(value: Any) -> bool:
    """Whether a value is a data set or a view of FiftyOne."""
    return hasattr(value, "iter_samples")


def of_hugging_face(
    splits: Mapping[str, Any], folder: Path, label: str | None, *, is_own: bool = True
) -> Written:
    """Write the pictures of `datasets.Dataset`s as they are stored, and return their table.

    Parameters
    ----------
    splits : mapping of str to Dataset
    folder : Path
    label : str, optional
        The column of classes; by default the only one of type ClassLabel, or ``label``.
    is_own : bool
        Whether pictures may be files elsewhere; a data set from elsewhere could name any file.

    Raises
    ------
    DataError
        If there is no column of pictures or of labels, or a picture is a file where none may be.
    """
    from datasets import ClassLabel
    from datasets import Image as Pictures

    features = next(iter(splits.values())).features
    pictures = [name for name, kind in features.items() if isinstance(kind, Pictures)]
    labels = [name for name, kind in features.items() if isinstance(kind, ClassLabel)]
    label = label or (labels[0] if len(labels) == 1 else "label")
    if not pictures or label not in features:
        raise DataError(
            f"expected a column of pictures (Image) and one of labels (ClassLabel, or label=NAME), "
            f"found {', '.join(features)}"
        )
    if str(type(features[label]).__name__) in ("Sequence", "List", "LargeList"):
        raise DataError(
            f"the column {label!r} holds several labels a picture: Fieldmarks explains classifiers "
            "with one class per picture, not multi-label ones"
        )
    names = list(getattr(features[label], "names", None) or [])
    rows = []
    for split, samples in splits.items():
        if split and not _PLAIN_NAME.fullmatch(split):
            raise DataError(f"expected the name of a split, got {brief(split)}")
        raw = samples.cast_column(pictures[0], Pictures(decode=False))
        for i, sample in enumerate(tqdm(raw, f"pictures {split}".strip(), unit=" images")):
            stored = sample.pop(pictures[0]) or {}
            if stored.get("bytes") is None and not (is_own and stored.get("path")):
                raise DataError(
                    f"row {i + 1} of {split or 'the data set'} holds no picture: expected its "
                    "bytes, as save_to_disk and push_to_hub embed them"
                )
            path = _stored(folder, split, i, stored)
            named = _class_of(sample.pop(label), names)
            row = {**sample, "file_name": path, "label": named}
            rows.append({**row, "split": split} if split or "split" not in sample else row)
    return Written(pd.DataFrame(rows), [str(name) for name in names])


def _class_of(value: Any, names: list) -> str:
    """Return the class of a label, empty for none: -1 of ClassLabel is a test image without one."""
    if value is None or (names and value == -1):
        return ""
    if names and not (isinstance(value, int) and 0 <= value < len(names)):
        raise DataError(f"expected labels from 0 to {len(names) - 1}, got {brief(value)}")
    return str(names[value] if names else value)


def _stored(folder: Path, split: str, i: int, stored: dict) -> str:
    content = stored.get("bytes")
    if content is None:
        return str(Path(stored["path"]).resolve())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                suffix = (image.format or "").lower()
    except Exception:
        # Pillow's readers raise many kinds; what is wrong with it is reported when it is decoded
        suffix = "unreadable"
    name = f"{split or 'all'}/{i:07d}.{'jpg' if suffix == 'jpeg' else suffix}"
    put_bytes(folder / name, content)
    return name


def of_fiftyone(samples: Any, label: str | None) -> Written:
    """Return the table of a FiftyOne data set: files, labels, and splits by tags.

    Parameters
    ----------
    samples : fiftyone.Dataset or DatasetView
    label : str, optional
        The field of a Classification; `GROUND_TRUTH` by default.

    Raises
    ------
    DataError
        If a sample has several labels, or none has one.
    """
    rows = []
    for sample in samples.iter_samples():
        given = _field(sample, label or GROUND_TRUTH)
        if hasattr(given, "classifications"):
            raise DataError(
                f"the field {label or GROUND_TRUTH!r} holds several labels a picture: Fieldmarks "
                "explains classifiers with one class per picture, not multi-label ones"
            )
        split = next((tag for tag in sample.tags if tag in _SPLITS), "")
        name = getattr(given, "label", None) or (given if isinstance(given, str) else "")
        rows.append({"file_name": str(sample.filepath), "label": name, "split": split})
    if not any(row["label"] for row in rows):
        raise DataError(
            f"no sample has a Classification in {label or GROUND_TRUTH!r}: name the field by label="
        )
    return Written(pd.DataFrame(rows), [])


def _field(sample: Any, name: str) -> Any:
    try:
        return sample[name]
    except (KeyError, AttributeError):
        return None
