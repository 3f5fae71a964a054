"""Reads a folder in the layout of CUB-200-2011 (Wah et al., 2011).

Five text files tie image ids to paths, labels, the official split and boxes; two more hold the part
locations and may be absent. Ids are the file's own and need not be contiguous.
"""

import math
import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from core.contract import UNREADABLE
from core.errors import DataError
from precompute.dataset import BBOX, Dataset

_REQUIRED = (
    "images.txt",
    "classes.txt",
    "image_class_labels.txt",
    "train_test_split.txt",
    "bounding_boxes.txt",
    "images",
)


def read_cub(folder: str | Path) -> Dataset:
    """Read the annotations of a CUB folder; images are looked for but not opened.

    Raises
    ------
    DataError
        If this is no such folder, a file is malformed, or an image has no label or split.
    """
    folder = Path(folder)
    _require_layout(folder)
    paths = _read(folder / "images.txt", str)
    names = _read(folder / "classes.txt", str)
    labels = _read(folder / "image_class_labels.txt", int)
    split = _read(folder / "train_test_split.txt", int)
    boxes = _read(folder / "bounding_boxes.txt", _numbers(4))
    _require_lines("image_class_labels.txt", labels, paths)
    _require_lines("train_test_split.txt", split, paths)
    _require_safe(paths.values())

    c_of_id = {class_id: c for c, class_id in enumerate(names)}
    unknown = sorted({labels[i] for i in paths} - c_of_id.keys())
    if unknown:
        raise DataError(f"image_class_labels.txt names class {unknown[0]}; classes.txt does not")
    bbox = np.array([boxes.get(i, (math.nan,) * 4) for i in paths], np.float32).reshape(-1, 4)
    existing = _existing_files(folder / "images", paths.values())
    images = pd.DataFrame(
        {
            "path": list(paths.values()),
            "true_c": np.array([c_of_id[labels[i]] for i in paths], np.int32),
            "is_train": np.array([split[i] == 1 for i in paths], bool),
            **dict(zip(BBOX, bbox.T, strict=True)),
            "problem": [
                "" if path in existing else f"{UNREADABLE}: no such file" for path in paths.values()
            ],
        }
    )
    part_names, parts = _read_parts(folder / "parts", list(paths))
    return Dataset(
        image_folder=folder / "images",
        images=images,
        class_ids=list(names),
        class_names=[_for_people(name) for name in names.values()],
        part_names=part_names,
        parts=parts,
        problems=_problems(images, list(names.values()), part_names),
    )


def _require_layout(folder: Path) -> None:
    missing = [name for name in _REQUIRED if not (folder / name).exists()]
    if not missing:
        return
    if not folder.is_dir():
        found = "there is no such folder"
    elif (folder / "CUB_200_2011").is_dir():
        found = f"did you mean {folder / 'CUB_200_2011'}?"
    else:
        entries = sorted(entry.name for entry in folder.iterdir())
        found = f"it holds {', '.join(entries[:5]) or 'nothing'}{', ...' * (len(entries) > 5)}"
    raise DataError(
        f"{folder} is not a CUB-200-2011 folder: expected {', '.join(missing)} in it; {found}"
    )


def _read(path: Path, parse) -> dict[int, object]:
    """Read lines of ``id value``; any line ending, blank lines skipped."""
    values = {}
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            key, value = line.split(maxsplit=1)
            key, value = int(key), parse(value.strip())
        except ValueError:
            raise DataError(
                f"{path}, line {number}: expected an id and its value, found {line.strip()[:60]!r}"
            ) from None
        if key in values:
            raise DataError(f"{path}, line {number}: id {key} occurs twice")
        values[key] = value
    return values


def _numbers(n: int):
    def parse(text: str) -> tuple[float, ...]:
        values = tuple(float(word) for word in text.split())
        if len(values) != n:
            raise ValueError(f"expected {n} numbers")
        return values

    return parse


def _require_lines(name: str, values: dict[int, int], paths: dict[int, str]) -> None:
    missing = [image_id for image_id in paths if image_id not in values]
    if missing:
        raise DataError(
            f"{name} has no line for {len(missing)} of {len(paths)} images, the first is image "
            f"{missing[0]} ({paths[missing[0]]})"
        )


def _require_safe(paths: Iterable[str]) -> None:
    for path in paths:
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts:
            raise DataError(f"images.txt: {path} lies outside the image folder")


def _existing_files(image_folder: Path, paths: Iterable[str]) -> set[str]:
    """Return the paths that exist, with one directory listing a folder."""
    existing = set()
    for parent in {str(PurePosixPath(path).parent) for path in paths}:
        folder = image_folder / parent
        if folder.is_dir():
            prefix = "" if parent == "." else f"{parent}/"
            existing.update(prefix + entry.name for entry in os.scandir(folder))
    return existing


def _for_people(name: str) -> str:
    """Return a class name as people write it.

    >>> _for_people("001.Black_footed_Albatross")
    'Black footed Albatross'
    """
    return re.sub(r"^\d+\.", "", name).replace("_", " ").strip()


def _read_parts(folder: Path, image_ids: list[int]) -> tuple[list[str], np.ndarray]:
    """Return part names and locations of shape (X, P, 2); no parts where the files are absent."""
    if not (folder / "parts.txt").exists() or not (folder / "part_locs.txt").exists():
        return [], np.full((len(image_ids), 0, 2), np.nan, np.float32)
    names = _read(folder / "parts.txt", str)
    try:
        rows = np.loadtxt(folder / "part_locs.txt", ndmin=2)
        image_id, part_id, col, row, is_visible = rows.T if rows.size else np.empty((5, 0))
    except ValueError as error:
        raise DataError(
            f"{folder / 'part_locs.txt'}: expected image, part, x, y, visible; {error}"
        ) from None
    x_of_id = {image_id: x for x, image_id in enumerate(image_ids)}
    p_of_id = {part_id: p for p, part_id in enumerate(names)}
    x = np.array([x_of_id.get(int(i), -1) for i in image_id], int)
    p = np.array([p_of_id.get(int(i), -1) for i in part_id], int)
    use = (x >= 0) & (p >= 0) & (is_visible == 1)
    parts = np.full((len(image_ids), len(names), 2), np.nan, np.float32)
    parts[x[use], p[use]] = np.stack([row[use], col[use]], axis=1)
    return list(names.values()), parts


def _problems(images: pd.DataFrame, class_names: list[str], part_names: list[str]) -> list[str]:
    """Return one sentence for each kind of trouble, with its count."""
    n_missing = int((images["problem"] != "").sum())
    n_boxless = int(images["bbox_left"].isna().sum())
    trained = set(images.loc[images["is_train"], "true_c"])
    untrained = [name for c, name in enumerate(class_names) if c not in trained]
    found = {
        f"{n_missing} of {len(images)} images are missing from the image folder": n_missing,
        f"{n_boxless} images have no bounding box and are used whole": n_boxless,
        f"{len(untrained)} classes have no training image: {', '.join(untrained[:3])}": untrained,
        "there are no part locations: grounding cannot be scored": not part_names,
    }
    return [sentence for sentence, is_found in found.items() if is_found]
