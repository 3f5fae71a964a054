"""A file that says the split of the images: a table of them, or a list of one side."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from fieldmarks.core.errors import DataError, one_line
from fieldmarks.core.input_file import MAX_TEXT, require_file
from fieldmarks.precompute.data.readers.columns import FILE_NAMES, SPLITS
from fieldmarks.precompute.data.readers.table import read_frame, texts
from fieldmarks.precompute.data.split import split_of

#: Further names of the column of splits in such a table.
_SPLITS = (*SPLITS, "fold", "set", "phase", "part")
_LISTS = (".txt", ".lst")


def read_splits(
    path: Path, paths: Iterable[str], meanings: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Return the split of each image that a file names, and what was decided.

    Parameters
    ----------
    path : Path
        A table, or a text with one image on each line, its split behind it or not. Of a list
        without splits the images are test images, or training images where the file's name says
        so, and all others are of the other side. Images are named by path or name, suffix or not.
    paths : iterable of str
        Of the images, below the image folder.
    meanings : mapping of str to str
        See `precompute.data.source.DataSource`.

    Raises
    ------
    DataError
        If the file cannot be read, or names none of the images.
    """
    require_file(path, "the list or table that --split names", MAX_TEXT)
    paths = list(paths)
    place = _places(paths)
    is_list = path.suffix.lower() in _LISTS
    named = _read_list(path, meanings) if is_list else _read_table(path)
    splits = {image: split for key, split in named if (image := _image_of(key, place)) is not None}
    if not splits:
        raise DataError(
            f"{path} names none of the {len(paths)} images, the first of which is "
            f"{paths[0] if paths else 'nothing'}: it begins with {named[0][0] if named else 'none'}"
        )
    told = [f"the split is that of {path.name}: {len(splits)} of {len(paths)} images are in it"]
    n_unknown = sum(_image_of(key, place) is None for key, _ in named)
    if n_unknown:
        told.append(f"{n_unknown} names in {path.name} are not image here")
    if not any(splits.values()):
        words = re.split(r"[\W_]+", path.stem.lower())
        side = next((s for word in words if (s := split_of(word))), "test")
        side = "train" if side == "train" else "test"
        other = "test" if side == "train" else "train"
        told.append(f"{path.name} gives no splits: its images are {side}, all others {other}")
        splits = {image: side if image in splits else other for image in paths}
    return splits, told


def _read_list(path: Path, meanings: Mapping[str, str]) -> list[tuple[str, str]]:
    try:
        lines = path.read_text("utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {one_line(error)}") from None
    named = []
    for line in filter(None, (line.strip() for line in lines)):
        image, _, last = line.replace("\t", " ").replace(",", " ").rpartition(" ")
        is_split = bool(image) and (last in meanings or split_of(last) is not None)
        named.append((image.strip(), last) if is_split else (line, ""))
    return named


def _read_table(path: Path) -> list[tuple[str, str]]:
    frame = read_frame(path)
    by_name = {str(name).lower(): name for name in frame.columns}
    file_name = next((by_name[name] for name in FILE_NAMES if name in by_name), None)
    split = next((by_name[name] for name in _SPLITS if name in by_name), None)
    if file_name is None or split is None:
        raise DataError(
            f"expected columns of images ({', '.join(FILE_NAMES[:3])}, ...) and of splits "
            f"({', '.join(_SPLITS[:3])}, fold, ...) in {path}, found {', '.join(by_name)}"
        )
    return list(zip(texts(frame[file_name]), texts(frame[split]), strict=True))


def _places(paths: list[str]) -> dict[str, str]:
    """Return the image that each way to name it means: whole paths first, names where unique."""
    place = {path: path for path in paths}
    for path in paths:
        place.setdefault(str(PurePosixPath(path).with_suffix("")), path)
    for short in (lambda p: PurePosixPath(p).name, lambda p: PurePosixPath(p).stem):
        counts = Counter(map(short, paths))
        for path in paths:
            if counts[short(path)] == 1:
                place.setdefault(short(path), path)
    return place


def _image_of(key: str, place: Mapping[str, str]) -> str | None:
    """Return the image that a line means, None for none; a label behind it and folders above go."""
    for text in (key, key.rpartition(" ")[0], key.partition(",")[0]):
        parts = PurePosixPath(text.strip().replace("\\", "/")).parts
        for start in range(len(parts)):
            if (image := place.get("/".join(parts[start:]))) is not None:
                return image
    return None
