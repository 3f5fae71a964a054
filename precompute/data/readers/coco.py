"""Reads JSON of COCO's object annotations and of Karpathy's splits.

COCO: ``images``, ``annotations`` with ``category_id`` and ``bbox``, ``categories``; the label of an
image is its largest object, cut out by its box; its visible keypoints are parts. Karpathy:
``images`` with ``filename``, ``split`` and ``sentences``; the label is a key of each image that
``--label`` names.
"""

from pathlib import Path

import pandas as pd

from fieldmarks.core.errors import DataError, brief
from fieldmarks.core.input_file import read_json
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.data.readers.columns import Columns
from fieldmarks.precompute.data.readers.table import dataset_of
from fieldmarks.precompute.data.registry import register_dataset
from fieldmarks.precompute.data.source import DataSource

#: Karpathy's further training images.
_REST = {"restval": "train"}
#: Of a keypoint that is labelled and visible.
_SEEN = 2


@register_dataset("coco", recognises=lambda path: path.suffix.lower() == ".json")
def read_coco(source: DataSource) -> Dataset:
    """Read one JSON file.

    Raises
    ------
    DataError
        If it is neither layout, or an image has no label.
    """
    data = read_json(source.data, "a file of JSON")
    if not isinstance(data, dict) or not data.get("images"):
        raise DataError(f"expected an object with images in {source.data}")
    try:
        keypoints = None
        if "sentences" in _all(data, "images")[0]:
            frame = _karpathy(data, source)
        else:
            frame, keypoints = _objects(data)
    except KeyError as error:
        raise DataError(f"{source.data} lacks {error}: is it COCO's JSON?") from None
    except _Odd as error:
        raise DataError(f"{source.data}: {error}") from None
    columns = Columns("file_name", "label", "split", "captions", "bbox", ())
    return dataset_of(frame, columns, source.images or source.data.parent, source, keypoints)


class _Odd(ValueError):
    """A value of another kind than the layout says."""


def _all(data: dict, key: str) -> list[dict]:
    """Return the objects that lie under a key."""
    values = data[key]
    if not isinstance(values, list):
        raise _Odd(f"expected a list as {key}, found {brief(values)}")
    for i, value in enumerate(values):
        if not isinstance(value, dict):
            raise _Odd(f"expected objects as {key}, found {brief(value)} at {i}")
    return values


def _id(each: dict, key: str) -> int | str:
    """Return a number or a text that names something."""
    if not isinstance(each[key], int | str):
        raise _Odd(f"expected a number as {key}, found {brief(each[key])}")
    return each[key]


def _name(each: dict, key: str) -> str:
    if not isinstance(each[key], str):
        raise _Odd(f"expected a text as {key}, found {brief(each[key])}")
    return each[key]


def _numbers(each: dict, key: str, n: int | None = None) -> list[float]:
    """Return the numbers under a key, none where it is missing; ``n`` of them where it is given."""
    values = each.get(key) or []
    try:
        if not isinstance(values, list) or n not in (None, len(values)):
            raise ValueError
        return [float(value) for value in values]
    except (TypeError, ValueError):
        what = "numbers" if n is None else f"{n} numbers"
        raise _Odd(f"expected {what} as {key}, found {brief(values)}") from None
    except OverflowError:
        raise _Odd(f"expected numbers of a picture as {key}, found one of 300 digits") from None


def _objects(data: dict) -> tuple[pd.DataFrame, list[dict[str, tuple[float, float]]]]:
    """Return a row per image, and the visible keypoints of its object."""
    categories, annotations = _all(data, "categories"), _all(data, "annotations")
    category = {_id(each, "id"): _name(each, "name") for each in categories}
    names = {_id(each, "id"): _keypoint_names(each) for each in categories}
    largest: dict[int | str, tuple[float, dict]] = {}
    for each in annotations:
        if _id(each, "category_id") not in category:
            raise _Odd(f"no category has the id {brief(each['category_id'])}")
        box = _numbers({"bbox": each["bbox"]}, "bbox", 4)
        area, image_id = box[2] * box[3], _id(each, "image_id")
        if image_id not in largest or area > largest[image_id][0]:
            largest[image_id] = area, each
    images = _all(data, "images")
    objects = [largest.get(_id(image, "id"), (0.0, {}))[1] for image in images]
    rows = [
        {
            "file_name": _name(image, "file_name"),
            "label": category[each["category_id"]] if each else "",
            "bbox": each["bbox"] if each else None,
            "split": str(image.get("split", "")),
            "captions": [],
        }
        for image, each in zip(images, objects, strict=True)
    ]
    visible = [
        _visible(names[each["category_id"]], _numbers(each, "keypoints")) if each else {}
        for each in objects
    ]
    return pd.DataFrame(rows), visible


def _keypoint_names(category: dict) -> list[str]:
    names = category.get("keypoints") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _Odd(f"expected texts as keypoints of a category, found {brief(names)}")
    return names


def _visible(names: list[str], values: list[float]) -> dict[str, tuple[float, float]]:
    """Return row and column of keypoints that are seen; COCO lists x, y and 0, 1 or 2 for seen."""
    if values and len(values) != 3 * len(names):
        raise DataError(
            f"expected x, y and visibility of the {len(names)} keypoints of a category, found "
            f"{len(values)} numbers in an annotation"
        )
    triples = zip(values[::3], values[1::3], values[2::3], strict=True)
    named = zip(names, triples, strict=True) if values else []
    return {name: (float(y), float(x)) for name, (x, y, seen) in named if seen == _SEEN}


def _karpathy(data: dict, source: DataSource) -> pd.DataFrame:
    key = source.label or "label"
    rows = []
    for image in _all(data, "images"):
        if key not in image:
            raise DataError(
                f"images of {source.data} have no {key!r}: expected the key of the class, given by "
                f"--label; they have {', '.join(sorted(map(str, image)))}"
            )
        folder, name = str(image.get("filepath") or ""), _name(image, "filename")
        split = str(image.get("split") or "")
        rows.append(
            {
                "file_name": str(Path(folder) / name) if folder else name,
                "label": str(image[key]),
                "bbox": image.get("bbox"),
                "split": _REST.get(split, split),
                "captions": [_name(each, "raw") for each in _all(image, "sentences")],
            }
        )
    return pd.DataFrame(rows)
