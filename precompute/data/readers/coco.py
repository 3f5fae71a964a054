"""Reads JSON of COCO's object annotations and of Karpathy's splits.

COCO: ``images``, ``annotations`` with ``category_id`` and ``bbox``, ``categories``; the label of an
image is its largest object, cut out by its box; its visible keypoints are parts. Karpathy:
``images`` with ``filename``, ``split`` and ``sentences``; the label is a key of each image that
``--label`` names.
"""

import json
from pathlib import Path

import pandas as pd

from fieldmarks.core.errors import DataError, one_line
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
    try:
        data = json.loads(source.data.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise DataError(f"{source.data} cannot be read as JSON: {one_line(error)}") from None
    if not isinstance(data, dict) or not data.get("images"):
        raise DataError(f"expected an object with images in {source.data}")
    try:
        is_karpathy = "sentences" in data["images"][0]
        keypoints = None
        if is_karpathy:
            frame = _karpathy(data, source)
        else:
            frame, keypoints = _objects(data)
    except (KeyError, TypeError) as error:
        raise DataError(f"{source.data} lacks {one_line(error)}: is it COCO's JSON?") from None
    columns = Columns("file_name", "label", "split", "captions", "bbox", ())
    return dataset_of(frame, columns, source.images or source.data.parent, source, keypoints)


def _objects(data: dict) -> tuple[pd.DataFrame, list[dict[str, tuple[float, float]]]]:
    """Return a row per image, and the visible keypoints of its object."""
    if "annotations" not in data or "categories" not in data:
        raise KeyError("annotations or categories")
    category = {each["id"]: each["name"] for each in data["categories"]}
    names = {each["id"]: each.get("keypoints", []) for each in data["categories"]}
    largest: dict[int, dict] = {}
    for each in data["annotations"]:
        width, height = each["bbox"][2:]
        known = largest.get(each["image_id"])
        if known is None or width * height > known["bbox"][2] * known["bbox"][3]:
            largest[each["image_id"]] = each
    boxes = [largest.get(image["id"]) for image in data["images"]]
    rows = [
        {
            "file_name": image["file_name"],
            "label": category[box["category_id"]] if box else "",
            "bbox": box["bbox"] if box else None,
            "split": str(image.get("split", "")),
            "captions": [],
        }
        for image, box in zip(data["images"], boxes, strict=True)
    ]
    visible = [
        _visible(names[box["category_id"]], box.get("keypoints", [])) if box else {}
        for box in boxes
    ]
    return pd.DataFrame(rows), visible


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
    for image in data["images"]:
        folder = image.get("filepath", "")
        if key not in image:
            raise DataError(
                f"images of {source.data} have no {key!r}: expected the key of the class, given by "
                f"--label; they have {', '.join(sorted(image))}"
            )
        rows.append(
            {
                "file_name": str(Path(folder) / image["filename"]) if folder else image["filename"],
                "label": str(image[key]),
                "bbox": image.get("bbox"),
                "split": _REST.get(image.get("split", ""), image.get("split", "")),
                "captions": [each["raw"] for each in image["sentences"]],
            }
        )
    return pd.DataFrame(rows)
