"""Reads a folder in the layout of CUB-200-2011 (Wah et al., 2011).

Five text files tie image ids to paths, labels, the official split and boxes; two more hold the part
locations and may be absent. Ids are the file's own and need not be contiguous.
"""

import math
import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from fieldmarks.core.errors import DataError
from fieldmarks.core.input_file import MAX_TEXT, is_regular, require_file
from fieldmarks.core.run.contract import UNREADABLE
from fieldmarks.precompute.data.annotated import Annotated
from fieldmarks.precompute.data.captions import Lines, Words, read_captions, words_beside
from fieldmarks.precompute.data.dataset import BBOX, Dataset
from fieldmarks.precompute.data.language import BIRDS
from fieldmarks.precompute.data.links import Inside
from fieldmarks.precompute.data.readers.cub_attributes import (
    read_class_attributes,
    read_image_attributes,
)
from fieldmarks.precompute.data.registry import register_dataset
from fieldmarks.precompute.data.source import DataSource

_REQUIRED = (
    "images.txt",
    "classes.txt",
    "image_class_labels.txt",
    "train_test_split.txt",
    "bounding_boxes.txt",
    "images",
)
_PARTS = ("parts/parts.txt", "parts/part_locs.txt")
#: Pixels beyond which a number is none of a picture's.
_FAR = 1e9


def _is_cub(path: Path) -> bool:
    return (path / "images.txt").is_file() or (path / "CUB_200_2011").is_dir()


@register_dataset("cub", recognises=_is_cub)
def read_source(source: DataSource) -> Dataset:
    """Read a CUB folder; captions are in ``text_c10`` beside it by default."""
    return read_cub(source.data, source.captions, source.attributes, source.follow_links)


def read_cub(
    folder: str | Path,
    captions: Path | None = None,
    attributes: str = "captions",
    follow_links: bool = False,
) -> Dataset:
    """Read the annotations of a CUB folder; images are looked for but not opened.

    Parameters
    ----------
    folder : str or Path
    captions : Path, optional
        A folder of text files; ``text_c10`` beside ``folder`` by default.
    attributes : str
        See `DataSource`; whatever it is, the files are read when the words are asked for.
    follow_links : bool
        See `DataSource`.

    Raises
    ------
    DataError
        If this is no such folder, a file is malformed, or an image has no label or split.
    """
    folder = Path(folder)
    _require_layout(folder)
    Inside(folder, follow_links).require_all(folder / name for name in (*_REQUIRED, *_PARTS))
    names = _read(folder / "classes.txt")
    path_of = _read(folder / "images.txt")
    _require_safe(path_of.values())
    x_of_id = {image_id: x for x, image_id in enumerate(path_of)}
    paths = list(path_of.values())
    label = _read_column(folder / "image_class_labels.txt", np.int64, x_of_id, paths, np.int64)
    split = _read_column(folder / "train_test_split.txt", np.int64, x_of_id, paths, np.int64)
    boxes = folder / "bounding_boxes.txt"
    bbox = _read_column(boxes, _numbers(4), x_of_id, paths, np.float32, (math.nan,) * 4)
    c_of_id = {class_id: c for c, class_id in enumerate(names)}
    unknown = sorted(set(np.unique(label).tolist()) - c_of_id.keys())
    if unknown:
        raise DataError(f"image_class_labels.txt names class {unknown[0]}; classes.txt does not")
    images = pd.DataFrame(
        {
            "path": paths,
            "true_c": np.array([c_of_id[class_id] for class_id in label.tolist()], np.int32),
            "is_train": split == 1,
            **dict(zip(BBOX, bbox.T, strict=True)),
            "problem": _problem(folder / "images", paths),
        }
    )
    part_names, parts = _read_parts(folder / "parts", x_of_id)

    class_ids, true_c = list(names), images["true_c"].to_numpy()

    def words() -> Words:
        if attributes == "classes":
            return _annotated(read_class_attributes(folder, class_ids, true_c))
        if attributes == "images":
            return _annotated(read_image_attributes(folder, x_of_id))
        if captions is None:
            return words_beside(folder.resolve().parent / "text_c10", paths, follow_links)
        return read_captions(captions, paths, follow_links)

    return Dataset(
        image_folder=folder / "images",
        images=images,
        class_ids=class_ids,
        class_names=[_for_people(name) for name in names.values()],
        part_names=part_names,
        parts=parts,
        problems=_problems(images, list(names.values()), part_names),
        read_words=words,
        language=BIRDS,
    )


def _annotated(annotated: Annotated) -> Words:
    n_images = len(annotated.n_statements)
    told = ["attributes belong to classes: they do not tell images of a class apart"]
    is_weak = annotated.level == "class"
    return Words(Lines([] for _ in range(n_images)), annotated, told if is_weak else [])


def _require_layout(folder: Path) -> None:
    missing = [name for name in _REQUIRED if not (folder / name).exists()]
    if not missing:
        return
    if not folder.is_dir():
        hint = "there is no such folder"
    elif (folder / "CUB_200_2011").is_dir():
        hint = f"did you mean {folder / 'CUB_200_2011'}?"
    else:
        entries = sorted(entry.name for entry in folder.iterdir())
        hint = f"it holds {', '.join(entries[:5]) or 'nothing'}{', ...' * (len(entries) > 5)}"
    raise DataError(
        f"{folder} is not a CUB-200-2011 folder: expected {', '.join(missing)} in it; {hint}"
    )


def _read(path: Path) -> dict[int, str]:
    """Read a file of ``id value`` lines."""
    values = {}
    for number, key, value in _lines(path, str):
        if key in values:
            raise _twice(path, number, key)
        values[key] = value
    return values


def _read_column(
    path: Path,
    parse,
    x_of_id: dict[int, int],
    paths: list[str],
    dtype: type,
    default: tuple | None = None,
) -> np.ndarray:
    """Read a file of ``id value`` lines into one row per image; other ids are skipped.

    An array and no dict, which would take some hundred bytes per image.

    Parameters
    ----------
    path : Path
    parse : callable
        From the text of a value to a number, or to as many as ``default`` has.
    x_of_id : dict
    paths : list of X str
        For the message on an image that is missing.
    dtype : type
    default : tuple, optional
        The value of an image that has no line; without one this is an error.
    """
    column = np.empty((len(paths), *np.shape(default or 0)), dtype)
    is_given = np.zeros(len(paths), bool)
    for number, key, value in _lines(path, parse):
        x = x_of_id.get(key)
        if x is None:
            continue
        if is_given[x]:
            raise _twice(path, number, key)
        column[x], is_given[x] = value, True
    if default is not None:
        column[~is_given] = default
    elif not is_given.all():
        first = int(is_given.argmin())
        image_id = next(key for key, x in x_of_id.items() if x == first)
        raise DataError(
            f"{path.name} has no line for {(~is_given).sum()} of {len(paths)} images, the first is "
            f"image {image_id} ({paths[first]})"
        )
    return column


def _lines(path: Path, parse) -> Iterator[tuple[int, int, object]]:
    """Yield number, id and value of each line; any line ending, blank lines skipped."""
    require_file(path, "lines of ids and values", MAX_TEXT)
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                key, value = line.split(maxsplit=1)
                yield number, int(key), parse(value.strip())
            except (ValueError, OverflowError):
                raise DataError(
                    f"{path}, line {number}: expected an id and its value, found "
                    f"{line.strip()[:60]!r}"
                ) from None


def _twice(path: Path, number: int, key: int) -> DataError:
    return DataError(f"{path}, line {number}: id {key} occurs twice")


def _numbers(n: int):
    def parse(text: str) -> tuple[float, ...]:
        values = tuple(float(word) for word in text.split())
        values = tuple(value if abs(value) < _FAR else math.inf for value in values)
        if len(values) != n:
            raise ValueError(f"expected {n} numbers")
        return values

    return parse


def _require_safe(paths: Iterable[str]) -> None:
    for path in paths:
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts:
            raise DataError(f"images.txt: {path} lies outside the image folder")
        if not pure.name or "\0" in path:
            raise DataError(f"images.txt: {path!r} is not the path of a file")


def _problem(image_folder: Path, paths: list[str]) -> list[str]:
    """Return what is wrong with each image, empty for nothing, with one listing a folder."""
    problem = [f"{UNREADABLE}: no such file"] * len(paths)
    by_folder = sorted(range(len(paths)), key=lambda x: posixpath.dirname(paths[x]))
    for parent, xs in groupby(by_folder, key=lambda x: posixpath.dirname(paths[x])):
        folder = image_folder / parent
        entries = {entry.name for entry in os.scandir(folder)} if folder.is_dir() else set()
        for x in xs:
            if posixpath.basename(paths[x]) in entries:
                problem[x] = ""
    return problem


def _for_people(name: str) -> str:
    """Return a class name as people write it.

    >>> _for_people("001.Black_footed_Albatross")
    'Black footed Albatross'
    """
    return re.sub(r"^\d+\.", "", name).replace("_", " ").strip()


def _read_parts(folder: Path, x_of_id: dict[int, int]) -> tuple[list[str], np.ndarray]:
    """Return part names and locations of shape (X, P, 2); no parts where the files are absent."""
    if not is_regular(folder / "parts.txt") or not is_regular(folder / "part_locs.txt"):
        return [], np.full((len(x_of_id), 0, 2), np.nan, np.float32)
    names = _read(folder / "parts.txt")
    try:
        rows = np.loadtxt(folder / "part_locs.txt", ndmin=2)
        image_id, part_id, col, row, is_visible = rows.T if rows.size else np.empty((5, 0))
    except ValueError as error:
        raise DataError(
            f"{folder / 'part_locs.txt'}: expected image, part, x, y, visible; {error}"
        ) from None
    if not np.isfinite(np.concatenate([image_id, part_id])).all():
        raise DataError(
            f"{folder / 'part_locs.txt'}: expected whole numbers as ids, found NaN or inf"
        )
    col, row = (np.where(np.abs(values) < _FAR, values, np.nan) for values in (col, row))
    p_of_id = {part_id: p for p, part_id in enumerate(names)}
    x = np.array([x_of_id.get(int(i), -1) for i in image_id], int)
    p = np.array([p_of_id.get(int(i), -1) for i in part_id], int)
    use = (x >= 0) & (p >= 0) & (is_visible == 1)
    parts = np.full((len(x_of_id), len(names), 2), np.nan, np.float32)
    parts[x[use], p[use]] = np.stack([row[use], col[use]], axis=1)
    return list(names.values()), parts


def _problems(images: pd.DataFrame, class_names: list[str], part_names: list[str]) -> list[str]:
    """Return one sentence for each kind of trouble, with its count."""
    n_missing = int((images["problem"] != "").sum())
    n_boxless = int(images["bbox_left"].isna().sum())
    trained = set(images.loc[images["is_train"], "true_c"])
    untrained = [name for c, name in enumerate(class_names) if c not in trained]
    notes = {
        f"{n_missing} of {len(images)} images are missing from the image folder": n_missing,
        f"{n_boxless} images have no bounding box and are used whole": n_boxless,
        f"{len(untrained)} classes have no training image: {', '.join(untrained[:3])}": untrained,
        "there are no part locations: grounding cannot be scored": not part_names,
    }
    return [sentence for sentence, applies in notes.items() if applies]
