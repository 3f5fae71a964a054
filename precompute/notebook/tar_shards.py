"""WebDataset's shards: tar archives in which the files of a sample follow each other.

``0001.jpg``, ``0001.cls`` and ``0001.txt`` are picture, class and caption of the sample ``0001``; a
``.json`` may hold the last two. Archives are read from beginning to end, and nothing is unpacked by
a name that stands in them.
"""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from fieldmarks.core.errors import DataError, brief, one_line
from fieldmarks.core.input_file import MAX_LIST, is_regular, read_text
from fieldmarks.precompute.data.readers.columns import CAPTIONS, LABELS
from fieldmarks.precompute.data.readers.stored import shards
from fieldmarks.precompute.data.split import split_of
from fieldmarks.precompute.notebook.pictures import Written, put_bytes
from fieldmarks.precompute.pipeline.class_order import CLASS_FILES, read_class_list

#: Endings of pictures, of classes and of captions.
_PICTURES = ("jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "gif", "ppm")
_CLASSES, _CAPTIONS = ("cls", "label"), ("txt", "text", "caption")
#: Files of class names that data sets of this kind bring.
_NAMES = ("classes.txt", "classnames.txt", "class_names.txt")
#: Bytes of a file in an archive.
_MOST_BYTES = 256 << 20


def of_shards(path: Path, folder: Path, label: str | None = None) -> Written:
    """Write the pictures of shards as they are stored, and return their table.

    Parameters
    ----------
    path : Path
        A shard, or a folder of shards.
    folder : Path
        Where pictures are written.
    label : str, optional
        The key of the class in the samples' JSON; the usual names by default.

    Raises
    ------
    DataError
        If an archive cannot be read, or no sample holds a picture with its class.
    """
    rows: list[dict[str, Any]] = []
    n_without = 0
    for shard in tqdm(shards(path), "shards", unit=" files"):
        split = _split(shard, path)
        for sample in _samples(shard):
            row = _row(sample, label)
            ending = next((name for name in _PICTURES if name in sample), None)
            if ending is None or "label" not in row:
                n_without += 1
                continue
            name = f"{split or 'all'}/{len(rows):07d}.{ending}"
            put_bytes(folder / name, sample[ending])
            rows.append({**row, "file_name": name, **({"split": split} if split else {})})
    if not rows:
        raise DataError(
            f"none of {n_without:,} samples of {path} holds a picture (.jpg, .png, ...) and its "
            "class (.cls, or a label in .json)"
        )
    table = pd.DataFrame(rows)
    if n_without:
        print(f"note: {n_without:,} samples hold no picture or no class: they are left out")
    names = _class_names(path, table["label"])
    if names:
        table["label"] = [names[int(value)] for value in table["label"]]
    return Written(table, names)


def _samples(shard: Path) -> Iterator[dict[str, bytes]]:
    """Yield the files of each sample by their endings, in small letters."""
    key, sample = None, {}
    try:
        with tarfile.open(shard, "r|*") as archive:
            for member in archive:
                folder, _, file = member.name.rpartition("/")
                stem, _, ending = file.partition(".")
                content = archive.extractfile(member) if member.isreg() and stem else None
                if content is None or member.size > _MOST_BYTES:
                    continue
                if (folder, stem) != key and sample:
                    yield sample
                    sample = {}
                key = folder, stem
                sample[ending.lower()] = content.read()
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise DataError(f"{shard} cannot be read as a tar archive: {one_line(error)}") from None
    if sample:
        yield sample


def _row(sample: dict[str, bytes], label: str | None) -> dict[str, Any]:
    """Return class, captions and further columns of a sample."""
    stated = _json(sample.get("json"))
    row = {key: v for key, v in stated.items() if isinstance(v, str | int | float)}
    found = next((key for key in (label, *LABELS) if key in row), None)
    text = next((sample[name] for name in _CLASSES if name in sample), None)
    if found is not None:
        row["label"] = str(row.pop(found))
    if text is not None and label is None:
        row["label"] = text.decode("utf-8", "replace").strip()
    captions = [sample[name] for name in _CAPTIONS if name in sample]
    lines = [
        line.strip() for each in captions for line in each.decode("utf-8", "replace").split("\n")
    ]
    for key in CAPTIONS:
        row.pop(key, None)
        value = stated.get(key)
        lines += [value] if isinstance(value, str) else value if isinstance(value, list) else []
    lines = [line for line in lines if isinstance(line, str) and line]
    return {**row, **({"captions": lines} if lines else {})}


def _json(content: bytes | None) -> dict[str, Any]:
    try:
        value = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _split(shard: Path, path: Path) -> str:
    """Return the split that a shard or its folder is called by: ``train-0000.tar``."""
    first = shard.name.partition(".")[0].partition("-")[0].partition("_")[0]
    names = [first, *([shard.parent.name] if shard.parent != path else [])]
    return next((name for name in names if split_of(name)), "")


def _class_names(path: Path, labels: pd.Series) -> list[str]:
    """Return the names of classes that are numbers, in their order; none where labels are names."""
    if not all(value.isdecimal() for value in labels):
        return []
    n = max(map(int, labels)) + 1
    folder = path if path.is_dir() else path.parent
    for name in (*CLASS_FILES, *_NAMES):
        if is_regular(folder / name):
            is_json = name.endswith(".json")
            text = "" if is_json else read_text(folder / name, "names of classes", MAX_LIST)
            names = read_class_list(folder / name) if is_json else text.strip().split("\n")
            if len(names) < n:
                raise DataError(f"{folder / name} names {len(names)} classes, a label is {n - 1}")
            return [each.strip() for each in names]
    if n > len(labels) * 100:
        raise DataError(f"expected classes that are numbers from 0 on, found {brief(labels.max())}")
    return [str(c) for c in range(n)]
