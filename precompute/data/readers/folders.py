"""Reads class folders of images, with or without folders of splits above them.

``root/CLASS/....jpg`` or ``root/train/CLASS/....jpg`` and ``root/test/CLASS/....jpg``, as
torchvision's ImageFolder and Hugging Face's imagefolder read them: classes in the sorted order of
their names, images at any depth below them.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.data.caption_file import captions_of
from fieldmarks.precompute.data.captions import Words
from fieldmarks.precompute.data.dataset import BBOX, Dataset
from fieldmarks.precompute.data.registry import register_dataset
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.data.split import make_split, split_of

#: Files that are looked at; what Pillow can decode and people use.
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm"})


def image_files(folder: Path) -> Iterator[str]:
    """Yield the path of each image below a folder, relative and with slashes, in sorted order."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = Path(parent).relative_to(folder).as_posix()
        for name in sorted(names):
            suffix = name[name.rfind(".") :].lower()
            if suffix in SUFFIXES and not name.startswith("."):
                yield name if below == "." else f"{below}/{name}"


def _has_class_folders(path: Path) -> bool:
    return path.is_dir() and any("/" in name for name in image_files(path))


@register_dataset("folders", recognises=_has_class_folders, is_fallback=True)
def read_folders(source: DataSource) -> Dataset:
    """Read class folders.

    Raises
    ------
    DataError
        If no image lies in a folder of its class.
    """
    folder, problems = source.data, []
    paths = [path.split("/") for path in image_files(folder)]
    tops = {parts[0] for parts in paths if len(parts) > 1}
    has_splits = bool(tops) and all(split_of(top) for top in tops)
    depth = 1 if has_splits else 0
    inside = [parts for parts in paths if len(parts) > depth + 1]
    if not inside:
        raise DataError(
            f"expected images in folders of their classes in {folder}, such as "
            f"{folder.name}/{'train/' if has_splits else ''}CLASS/1.jpg; found {len(paths)} images "
            "and no such folder"
        )
    if len(inside) < len(paths):
        problems.append(f"{len(paths) - len(inside)} images lie in no class folder: left out")
    names = sorted({parts[depth] for parts in inside})
    c_of_name = {name: c for c, name in enumerate(names)}
    true_c = np.array([c_of_name[parts[depth]] for parts in inside], np.int32)
    split = make_split(
        [parts[0] if has_splits else "" for parts in inside],
        true_c,
        [folder.joinpath(*parts) for parts in inside],
        source.test_share,
        source.seed,
    )
    kept = np.flatnonzero(split.is_used)
    images = pd.DataFrame(
        {
            "path": ["/".join(inside[x]) for x in kept],
            "true_c": true_c[kept],
            "is_train": split.is_train[kept],
            **dict.fromkeys(BBOX, np.full(len(kept), np.nan, np.float32)),
            "problem": "",
        }
    )

    def words() -> Words:
        of_images = [names[c] for c in images["true_c"]]
        return captions_of(source.captions or folder, images["path"].array, of_images)

    return Dataset(
        image_folder=folder,
        images=images,
        class_ids=list(range(len(names))),
        class_names=[name.replace("_", " ") for name in names],
        part_names=[],
        parts=np.full((len(kept), 0, 2), np.nan, np.float32),
        problems=[*problems, *split.problems, *untrained(images, names)],
        read_words=words,
    )


def untrained(images: pd.DataFrame, class_names: list[str]) -> list[str]:
    """Return a sentence on classes without a training image, if there are some."""
    trained = set(images.loc[images["is_train"], "true_c"])
    names = [name for c, name in enumerate(class_names) if c not in trained]
    return [f"{len(names)} classes have no training image: {', '.join(names[:3])}"] if names else []
