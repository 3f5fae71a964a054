"""Reads class folders of images, with or without folders of splits above them.

``root/CLASS/....jpg`` or ``root/train/CLASS/....jpg`` and ``root/test/CLASS/....jpg``, as
torchvision's ImageFolder and Hugging Face's imagefolder read them: classes in the sorted order of
their names, images at any depth below them. What is not read is reported.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.data.caption_file import captions_of
from fieldmarks.precompute.data.captions import Words, words_beside
from fieldmarks.precompute.data.dataset import BBOX, Dataset
from fieldmarks.precompute.data.image_file import Skipped, image_files
from fieldmarks.precompute.data.registry import register_dataset
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.data.split import make_split, split_of

#: Where FiftyOne puts images without a label.
_UNLABELLED = "_unlabeled"


def _has_class_folders(path: Path) -> bool:
    return path.is_dir() and any("/" in name for name in image_files(path))


def split_folders(paths: list[list[str]]) -> set[str]:
    """Return the folders below the root that are splits, empty where they are classes.

    Beside other folders, such as ``docs``, folders called train and test are splits where they hold
    folders of classes; one alone, such as a class called "train", only where no other folder does.

    Parameters
    ----------
    paths : list of list of str
        Path of each image below the root, in parts.

    >>> sorted(split_folders([["train", "cat", "1"], ["test", "cat", "2"], ["docs", "3"]]))
    ['test', 'train']
    >>> split_folders([["train", "1"], ["bus", "2"], ["car", "3"]])
    set()
    """
    tops = {parts[0] for parts in paths if len(parts) > 1}
    deep = {parts[0] for parts in paths if len(parts) > 2}
    named = {top for top in tops if split_of(top)}
    if named == tops:
        return named
    if len({split_of(top) for top in named}) > 1:
        return named if named & deep else set()
    return named if named and named <= deep and not (tops - named) & deep else set()


def unlabelled_splits(paths: list[list[str]], splits: set[str]) -> set[str]:
    """Return split folders whose images have no label: none of their folders is a trained class."""
    classes = {top: {p[1] for p in paths if p[0] == top and len(p) > 2} for top in splits}
    trained = [names for top, names in classes.items() if split_of(top) == "train"]
    known = set().union(*trained)
    return {
        top for top in splits if known and split_of(top) != "train" and not classes[top] & known
    }


@register_dataset("folders", recognises=_has_class_folders, is_fallback=True)
def read_folders(source: DataSource) -> Dataset:
    """Read class folders.

    Raises
    ------
    DataError
        If no image lies in a folder of its class.
    """
    folder, skipped = source.data, Skipped()
    paths = [path.split("/") for path in image_files(folder, skipped)]
    splits = split_folders(paths)
    depth = 1 if splits else 0
    problems = _told_of_splits(paths, splits)
    unlabelled = unlabelled_splits(paths, splits)
    inside = [
        parts
        for parts in paths
        if len(parts) > depth + 1 and (not splits or parts[0] in splits - unlabelled)
    ]
    if not inside:
        raise DataError(
            f"expected images in folders of their classes in {folder}, such as "
            f"{folder.name}/{'train/' if splits else ''}CLASS/1.jpg; found {len(paths)} images "
            "and no such folder"
        )
    n_unlabelled = sum(parts[depth] == _UNLABELLED for parts in inside)
    if n_unlabelled:
        inside = [parts for parts in inside if parts[depth] != _UNLABELLED]
        problems.append(f"{n_unlabelled} images of {_UNLABELLED} have no label: left out")
    n_outside = sum(len(parts) <= depth + 1 and parts[0] not in unlabelled for parts in paths)
    if n_outside:
        problems.append(f"{n_outside} images are in no class folder: skipped")
    names = sorted({parts[depth] for parts in inside})
    problems += _empty_classes(folder, sorted(splits) or [""])
    c_of_name = {name: c for c, name in enumerate(names)}
    true_c = np.array([c_of_name[parts[depth]] for parts in inside], np.int32)
    split = make_split(
        source.splits_of(["/".join(parts) for parts in inside])
        or [parts[0] if splits else "" for parts in inside],
        true_c,
        [folder.joinpath(*parts) for parts in inside],
        source.test_share,
        source.seed,
        source.split_meanings,
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
        if source.captions is None:
            return words_beside(folder, images["path"].array, source.follow_links)
        return captions_of(source.captions, images["path"].array, of_images, source.follow_links)

    return Dataset(
        image_folder=folder,
        images=images,
        class_ids=list(range(len(names))),
        class_names=[name.replace("_", " ") for name in names],
        part_names=[],
        parts=np.full((len(kept), 0, 2), np.nan, np.float32),
        problems=[*problems, *split.problems, *untrained(images, names), *skipped.told()],
        is_split_drawn=split.is_drawn,
        read_words=words,
    )


def _told_of_splits(paths: list[list[str]], splits: set[str]) -> list[str]:
    """Say which folders were taken for splits, classes or neither where that is not plain."""
    tops = Counter(parts[0] for parts in paths if len(parts) > 1)
    if not splits:
        named = [top for top in tops if split_of(top)]
        return [f"{', '.join(named)}: treated as a class like the others, not as a split"] * bool(
            named
        )
    told = [
        f"{top} is neither a split nor a class: {n} images left out"
        for top, n in tops.items()
        if top not in splits
    ]
    return told + [
        f"{tops[top]} images of {top} have no label, for none of its folders is a class of the "
        "training images: left out"
        for top in sorted(unlabelled_splits(paths, splits))
    ]


def _empty_classes(folder: Path, above: list[str]) -> list[str]:
    """Say which folders stand where classes do and hold no image."""
    empty = sorted(
        f"{top}/{path.name}" if top else path.name
        for top in above
        for path in (folder / top).iterdir()
        if path.is_dir()
        and not path.is_symlink()
        and not path.name.startswith(".")
        and next(image_files(path), None) is None
    )
    if not empty:
        return []
    told = (
        f"{len(empty)} class folders hold no picture that can be read: "
        f"{', '.join(empty[:3])}{', ...' * (len(empty) > 3)}: left out; a network that was "
        "trained with them has more class scores"
    )
    return [told]


def untrained(images: pd.DataFrame, class_names: list[str]) -> list[str]:
    """Return a sentence on classes without a training image, if there are some."""
    trained = set(images.loc[images["is_train"], "true_c"])
    names = [name for c, name in enumerate(class_names) if c not in trained]
    return [f"{len(names)} classes have no training image: {', '.join(names[:3])}"] if names else []
