"""Captions in one file: JSON lines, a table, and the JSON of COCO and of Karpathy's splits.

JSON lines: ``{"file_name": ..., "captions": [...]}`` for an
image, or ``{"class": ..., "captions": [...]}`` for the description of a class.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from fieldmarks.core.errors import DataError, brief
from fieldmarks.core.input_file import read_json, read_json_lines
from fieldmarks.precompute.data.captions import Bounded, Lines, Words, sidecar_words
from fieldmarks.precompute.data.readers.frame import SUFFIXES, read_frame

#: Columns of a table that may name the images.
FILES = ("file_name", "filename", "file", "image", "path", "image_path", "id", "image_id")
#: Keys that may hold what is said.
SAID = ("captions", "caption", "text", "raw", "sentences", "description")


def captions_of(
    path: Path, paths: Sequence[str], class_names: Sequence[str], follow_links: bool = False
) -> Words:
    """Read captions from a folder of text files or from one file.

    Parameters
    ----------
    path : Path
    paths : sequence of X str
        Image paths below the image folder.
    class_names : sequence of X str
        The class of each image.
    follow_links : bool
        Whether text files may be links that lead out of their folder.

    Raises
    ------
    DataError
        If the file cannot be read, or says nothing of any image.
    """
    if path.is_dir() or not path.exists():
        return sidecar_words(path, paths, follow_links)
    number = {each: x for x, each in enumerate(paths)}
    stems = Counter(PurePosixPath(path).stem for path in paths)
    for x, each in enumerate(paths):
        # a name without folders and suffix will do where only one image has it
        stem = PurePosixPath(each).stem
        if stems[stem] == 1:
            number.setdefault(stem, x)
    of_image: dict[int, list[str]] = defaultdict(list)
    of_class: dict[str, list[str]] = defaultdict(list)
    bounded = Bounded()
    for row in _rows(path):
        said = bounded(_texts(row))
        name = str(row.get("file_name") or row.get("filename") or row.get("image") or "")
        x = number.get(name, number.get(PurePosixPath(name).stem))
        if x is not None:
            of_image[x] += said
        elif row.get("class"):
            of_class[_plain(row["class"])] += said
    named = [_plain(name) for name in class_names]
    lines = Lines(of_image.get(x) or of_class.get(c, []) for x, c in enumerate(named))
    if not lines.counts.any():
        raise DataError(
            f"{path} names none of the {len(paths)} images, the first of which is {paths[0]}: "
            "expected file_name (or class) and captions in each line"
        )
    problems = bounded.problems
    n_weak = sum(not of_image.get(x) and c in of_class for x, c in enumerate(named))
    if n_weak:
        problems.append(
            f"{n_weak} images have the description of their class, which does not tell images of "
            "a class apart"
        )
    return Words(lines, problems=problems, n_missing=int((lines.counts == 0).sum()))


def _plain(name: object) -> str:
    return str(name).replace("_", " ").lower()


def _rows(path: Path) -> list[dict]:
    what = "a file of captions"
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return read_json_lines(path, what)
    if path.suffix.lower() in SUFFIXES:
        return _of_table(path)
    data = read_json(path, what)
    if isinstance(data, list):
        return _objects(path, data)
    if not isinstance(data, dict) or not {"images", "annotations"} & data.keys():
        raise DataError(
            f"expected a list of objects in {path}, or an object with images, found {brief(data)}"
        )
    images = _objects(path, data.get("images", []))
    if "annotations" not in data:
        return images
    # numbers and texts are compared as texts: both stand for ids
    name = {str(image.get("id")): image.get("file_name") for image in images}
    return [
        {"file_name": name.get(str(each.get("image_id"))), "caption": each.get("caption")}
        for each in _objects(path, data["annotations"])
    ]


def _of_table(path: Path) -> list[dict]:
    """Return the rows of CSV or Parquet; a line of a cell is a caption."""
    frame = read_frame(path)
    by_name = {str(name).lower(): name for name in reversed(frame.columns)}
    file_name = next((by_name[name] for name in FILES if name in by_name), None)
    said = next((by_name[name] for name in SAID if name in by_name), None)
    if said is None or (file_name is None and "class" not in by_name):
        raise DataError(
            f"expected a column of images ({', '.join(FILES[:4])}, ...) or of classes (class), and "
            f"one of captions ({', '.join(SAID[:3])}, ...) in {path}, found "
            f"{', '.join(frame.columns)}"
        )
    return [
        {
            "file_name": "" if file_name is None else row[file_name],
            "class": row[by_name["class"]] if "class" in by_name else "",
            "captions": row[said].splitlines() if isinstance(row[said], str) else row[said],
        }
        for row in frame.to_dict("records")
    ]


def _objects(path: Path, values: object) -> list[dict]:
    """Return the values if they are a list of objects, or raise what else they are."""
    if not isinstance(values, list):
        raise DataError(f"expected a list of objects in {path}, found {brief(values)}")
    odd = next((i for i, each in enumerate(values) if not isinstance(each, dict)), None)
    if odd is not None:
        raise DataError(
            f"{path}, entry {odd + 1}: expected an object with file_name and captions, found "
            f"{brief(values[odd])}"
        )
    return values


def _texts(row: dict) -> list[str]:
    """Return the captions of one row; those of Karpathy are objects with ``raw``."""
    values = _said(row)
    return [text for v in values for text in (_said(v) if isinstance(v, dict) else [v])
            if isinstance(text, str)]  # fmt: skip


def _said(row: dict) -> list:
    value = next((row[key] for key in SAID if _is_said(row.get(key))), [])
    value = value.tolist() if isinstance(value, np.ndarray) else value
    return value if isinstance(value, list) else [value]


def _is_said(value: object) -> bool:
    return len(value) > 0 if isinstance(value, np.ndarray) else bool(value)
