"""A data set in memory, written as picture files and a table that every command can read.

A picture that the user's own transform has made is written without loss, so that the network gets
the user's own input. A float image is x = (v / 255 - mean) / std; v is read back, and is a whole
number wherever the transform ends as torchvision's ToTensor and Normalize do.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from tqdm import tqdm

from fieldmarks.core.errors import DataError, brief
from fieldmarks.core.outputs import atomic_write
from fieldmarks.core.pictures.crop import Size, in_words, size_of_sides
from fieldmarks.precompute.network.preprocessing import NORMALISATIONS

#: Keys of a sample that is a dictionary.
IMAGES, LABELS = ("pixel_values", "image", "img", "x"), ("labels", "label", "target", "y")
#: Levels of 255 that a value may lie from a whole one.
_EXACT = 0.01
#: Objects that are looked through for a Normalize.
_STEPS = 200
#: Fast to write, and lossless whatever the level.
_LEVEL = 1


@dataclass(frozen=True)
class Normalisation:
    """Mean and deviation of RGB in [0, 1]."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass
class Written:
    """What was written of a data set.

    Parameters
    ----------
    table : DataFrame
        One row per picture: ``file_name``, ``label``, ``split`` and columns of the data set.
    class_names : list of str
        In the order of the labels' numbers; empty where labels are names.
    size : Size or None
        Of pictures that the user's transform made, in pixels; None where they are as stored.
    normalisation : Normalisation or None
        Of the same.
    off : float
        Largest distance of a value from a whole level of 255.
    """

    table: pd.DataFrame
    class_names: list[str]
    size: Size | None = None
    normalisation: Normalisation | None = None
    off: float = 0.0

    @property
    def is_exact(self) -> bool:
        """Whether the network gets the user's own input."""
        return self.off <= _EXACT


def write_samples(
    splits: Mapping[str, Any], folder: Path, normalisation: Normalisation | None
) -> Written:
    """Write the pictures of map-style data sets, their transform applied.

    Parameters
    ----------
    splits : mapping of str to a data set
        By split; "" for a split that is drawn later.
    folder : Path
    normalisation : Normalisation, optional
        That the transform ends with; found in it by default.

    Raises
    ------
    DataError
        If a sample is not a picture with a label, or is another one each time.
    """
    rows, size, off = [], None, 0.0
    for split, samples in splits.items():
        if not len(samples):
            raise DataError(f"the data set {split or 'given'} is empty")
        check_repeatable(samples)
        norm = normalisation or normalisation_of(samples)
        for i, (image, label) in enumerate(_samples(samples, split)):
            source = path_of(samples, i)
            if isinstance(image, Image.Image):
                path = _name(folder, split, i, source)
                _put(path, image)
            else:
                levels, norm = _levels(np.asarray(image), norm)
                whole = np.rint(levels)
                off = max(off, float(np.abs(levels - whole).max()))
                size = _size(whole, size)
                path = _name(folder, split, i, source)
                _put(path, Image.fromarray(whole.clip(0, 255).astype(np.uint8)))
            number = _number(label)
            rows.append({"file_name": str(path.relative_to(folder)), "label": number})
            rows[-1]["split"] = split
        normalisation = norm
    names = class_names_of(next(iter(splits.values())), max(row["label"] for row in rows) + 1)
    table = pd.DataFrame(rows).assign(label=lambda t: [names[c] for c in t["label"]])
    return Written(table, names, size, normalisation if size else None, off)


def _samples(samples: Any, split: str) -> Iterator[tuple[Any, Any]]:
    for i in tqdm(range(len(samples)), f"pictures {split}".strip(), unit=" images"):
        yield image_and_label(samples[i], i)


def image_and_label(sample: Any, i: int) -> tuple[Any, Any]:
    """Return the picture and the label of a sample.

    Raises
    ------
    DataError
        If it has none, or more than one label.
    """
    if isinstance(sample, Mapping):
        keys = [next((k for k in names if k in sample), None) for names in (IMAGES, LABELS)]
        if None in keys:
            raise DataError(
                f"expected a sample with {', '.join(IMAGES[:2])} and {', '.join(LABELS[:2])}, "
                f"sample {i} has {', '.join(map(str, sample))}"
            )
        image, label = (sample[key] for key in keys)
    elif isinstance(sample, (tuple, list)) and len(sample) >= 2:
        image, label = sample[0], sample[1]
    else:
        raise DataError(
            f"expected a picture and its label, sample {i} is a {type(sample).__name__}"
        )
    if (n_labels := np.asarray(label).size) > 1:
        raise DataError(
            f"sample {i} has {n_labels} labels: Fieldmarks explains classifiers with one "
            "class per picture, not multi-label ones"
        )
    return image, label


def check_repeatable(samples: Any) -> None:
    """Refuse a data set whose first picture is another one each time: random augmentation."""
    first, again = (image_and_label(samples[0], 0)[0] for _ in range(2))
    if not np.array_equal(np.asarray(first), np.asarray(again)):
        raise DataError(
            "the data set returns another picture each time it is asked for the first one: use "
            "the transform of the evaluation, without random augmentation"
        )


def normalisation_of(samples: Any) -> Normalisation | None:
    """Return what the transform of a data set ends with, None where no step says it."""
    todo, seen = [samples], set()
    while todo and len(seen) < _STEPS:
        each = todo.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        mean, std = getattr(each, "mean", None), getattr(each, "std", None)
        is_stated = not callable(mean) and mean is not None and std is not None
        stated = [np.ravel(np.asarray(m)) for m in (mean, std)] if is_stated else []
        if stated and all(len(m) in (1, 3) for m in stated):
            return Normalisation(*(tuple(float(v) for v in np.resize(m, 3)) for m in stated))
        inside = each if isinstance(each, (list, tuple, dict)) else getattr(each, "__dict__", {})
        todo += [
            part
            for part in (inside.values() if isinstance(inside, dict) else inside)
            if hasattr(part, "__dict__")
            or (isinstance(part, (list, tuple, dict)) and len(part) < _STEPS)
        ]
    return None


def path_of(samples: Any, i: int) -> str | None:
    """Return the file of a sample below the folder of its data set, None where it is not known."""
    while hasattr(samples, "indices") and hasattr(samples, "dataset"):  # torch's Subset
        i, samples = int(samples.indices[i]), samples.dataset
    listed = getattr(samples, "samples", None) or getattr(samples, "imgs", None)
    if not isinstance(listed, (list, tuple)) or not isinstance(listed[i], (list, tuple)):
        return None
    path, root = str(listed[i][0]), str(getattr(samples, "root", ""))
    return PurePosixPath(path).relative_to(root).as_posix() if path.startswith(root) else path


def class_names_of(samples: Any, n: int) -> list[str]:
    """Return the names of n classes: those of the data set, else their numbers."""
    while hasattr(samples, "dataset") and not hasattr(samples, "classes"):
        samples = samples.dataset
    names = [str(name) for name in getattr(samples, "classes", None) or range(n)]
    if len(set(names)) < len(names):
        names = [f"{c} {name}" for c, name in enumerate(names)]
    if len(names) < n:
        raise DataError(f"the data set names {len(names)} classes and has a label {n - 1}")
    return names


def _number(label: Any) -> int:
    value = label.item() if hasattr(label, "item") else label
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DataError(f"expected labels that are numbers from 0 on, got {brief(label)}")
    return value


def _levels(image: np.ndarray, norm: Normalisation | None) -> tuple[np.ndarray, Normalisation]:
    """Return an image (3 or 1, h, w) as levels of 255, (h, w, 3), and its normalisation."""
    if image.ndim != 3 or image.shape[0] not in (1, 3):
        raise DataError(
            f"expected images of shape (3, h, w) or (1, h, w), got {brief(image.shape)}"
        )
    image = np.broadcast_to(image, (3, *image.shape[1:]))
    if image.dtype == np.uint8:
        return image.transpose(1, 2, 0).astype(float), norm or Normalisation((0.0,) * 3, (1.0,) * 3)
    if norm is None:
        if image.min() < 0 or image.max() > 1:
            raise DataError(
                "the images are normalised in an unknown way: pass mean= and std= as in your "
                f"transform's Normalize; those of ImageNet are {NORMALISATIONS['imagenet']}"
            )
        norm = Normalisation((0.0,) * 3, (1.0,) * 3)
    levels = image.transpose(1, 2, 0).astype(float) * norm.std + norm.mean
    return 255 * levels, norm


def _size(pixels: np.ndarray, size: Size | None) -> Size:
    found = size_of_sides(*pixels.shape[:2])
    if size not in (None, found):
        raise DataError(
            f"expected images of one size, got {in_words(size)} and {in_words(found)} pixels: end "
            "the transform with a crop"
        )
    return found


def _name(folder: Path, split: str, i: int, source: str | None) -> Path:
    name = PurePosixPath(source or f"{i:07d}").with_suffix(".png")
    parts = [part for part in (split, *name.parts) if part not in ("", "/", "..")]
    return folder.joinpath(*parts)


def _put(path: Path, image: Image.Image) -> None:
    buffer = io.BytesIO()
    kept = image if image.mode in ("RGB", "L", "RGBA", "I;16") else image.convert("RGB")
    kept.save(buffer, "PNG", compress_level=_LEVEL)
    put_bytes(path, buffer.getvalue())


def put_bytes(path: Path, content: bytes) -> None:
    """Write a file, or leave it as it is where it holds the same: its time says what is current."""
    if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write(content)


def is_samples(value: Any) -> bool:
    """Whether a value is a map-style data set: it has a length and gives samples by number."""
    return isinstance(value, torch.utils.data.Dataset) or (
        hasattr(value, "__len__") and hasattr(value, "__getitem__")
    )
