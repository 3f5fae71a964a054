"""Captions in one file: JSON lines, and the JSON of COCO and of Karpathy's splits.

JSON lines are what ``examples/caption.py`` writes: ``{"file_name": ..., "captions": [...]}`` for an
image, or ``{"class": ..., "captions": [...]}`` for the description of a class.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from fieldmarks.core.errors import DataError, one_line
from fieldmarks.precompute.data.captions import Bounded, Lines, Words, sidecar_words

#: Keys that may hold what is said.
SAID = ("captions", "caption", "text", "raw", "sentences", "description")


def captions_of(path: Path, paths: Sequence[str], class_names: Sequence[str]) -> Words:
    """Read captions from a folder of text files or from one file.

    Parameters
    ----------
    path : Path
    paths : sequence of X str
        Image paths below the image folder.
    class_names : sequence of X str
        The class of each image.

    Raises
    ------
    DataError
        If the file cannot be read, or says nothing of any image.
    """
    if not path.is_file():
        return sidecar_words(path, paths)
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
            f"{path} says nothing of the {len(paths)} images, the first of which is {paths[0]}: "
            "expected file_name (or class) and captions in each line"
        )
    problems = bounded.problems
    n_weak = sum(not of_image.get(x) and c in of_class for x, c in enumerate(named))
    if n_weak:
        problems.append(
            f"{n_weak} images have the description of their class: it says nothing of how images "
            "of a class differ"
        )
    return Words(lines, problems=problems, n_missing=int((lines.counts == 0).sum()))


def _plain(name: object) -> str:
    return str(name).replace("_", " ").lower()


def _rows(path: Path) -> Iterable[dict]:
    try:
        text = path.read_text("utf-8-sig", errors="replace")
        if path.suffix.lower() in (".jsonl", ".ndjson"):
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        data = json.loads(text)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as JSON: {one_line(error)}") from None
    if isinstance(data, list):
        return data
    if "annotations" not in data:
        return data.get("images", [])
    name = {image["id"]: image["file_name"] for image in data["images"]}
    return [
        {"file_name": name.get(each["image_id"], ""), "caption": each.get("caption", "")}
        for each in data["annotations"]
    ]


def _texts(row: dict) -> list[str]:
    """Return the captions of one row; those of Karpathy are objects with ``raw``."""
    value = next((row[key] for key in SAID if row.get(key)), [])
    values = value if isinstance(value, list) else [value]
    return [text for v in values for text in (_texts(v) if isinstance(v, dict) else [str(v)])]
