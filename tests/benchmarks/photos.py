"""A data set of made-up photographs in the layout of CUB: as many, as large, as hard to decode."""

from pathlib import Path

import numpy as np
from PIL import Image

#: Columns and rows, and a box (left, top, width, height) as CUB's birds have it.
SIZE, BOX = (500, 375), (90, 60, 250, 220)
COLOURS = ("red", "blue", "grey", "black", "white", "yellow")
NOUNS = ("bill", "belly", "wing", "tail", "throat", "crown", "breast", "back")
#: Different pictures; all others are hard links to them.
N_DIFFERENT = 64


def write_photos(
    folder: Path, n_images: int, n_classes: int = 200, size: tuple = SIZE, box: tuple = BOX
) -> Path:
    """Write ``CUB_200_2011`` and ``text_c10`` with so many images and return the folder.

    Pictures are smooth noise of several scales, so that they compress to the 110 kB of a
    photograph of CUB's size.
    """
    cub, rng = folder / "CUB_200_2011", np.random.default_rng(0)
    pictures = [_picture(rng, size) for _ in range(min(N_DIFFERENT, n_images))]
    sources, lines = [], {name: [] for name in ("images", "labels", "split", "boxes")}
    for i in range(n_images):
        c = i * n_classes // n_images
        path = cub / "images" / f"{c + 1:03d}.Class_{c}" / f"photo_{i:07d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        if i < len(pictures):
            pictures[i].save(path, quality=90)
            sources.append(path)
        else:
            path.hardlink_to(sources[i % len(sources)])
        lines["images"].append(f"{i + 1} {path.parent.name}/{path.name}")
        lines["labels"].append(f"{i + 1} {c + 1}")
        lines["split"].append(f"{i + 1} {i % 2}")
        left, top, width, height = box
        lines["boxes"].append(f"{i + 1} {left}.0 {top}.0 {width + i % 40}.0 {height + i % 30}.0")
        text = folder / "text_c10" / path.parent.name / f"{path.stem}.txt"
        text.parent.mkdir(parents=True, exist_ok=True)
        text.write_text("".join(_caption(rng, c) for _ in range(10)))
    files = {"images": "images", "labels": "image_class_labels", "split": "train_test_split"}
    for name, file in {**files, "boxes": "bounding_boxes"}.items():
        (cub / f"{file}.txt").write_text("\n".join(lines[name]) + "\n")
    (cub / "classes.txt").write_text(
        "".join(f"{c + 1} {c + 1:03d}.Class_{c}\n" for c in range(n_classes))
    )
    return folder


def _caption(rng: np.random.Generator, c: int) -> str:
    """Return what somebody says of a bird of class c: two marks of its class and any third."""
    class_marks = (f"{COLOURS[c % 6]} head", f"{COLOURS[c // 6 % 6]} {NOUNS[c % 8]}")
    other = f"{COLOURS[rng.integers(6)]} {NOUNS[rng.integers(8)]}"
    return f"a bird with a {class_marks[0]}, a {class_marks[1]} and a {other}.\n"


def _picture(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    total = np.zeros((size[1], size[0], 3))
    for scale, strength in ((8, 45), (32, 30), (125, 22), (375, 9)):
        coarse = rng.normal(size=(scale, scale * 4 // 3, 3))
        layers = [
            np.asarray(Image.fromarray(coarse[..., i].astype(np.float32)).resize(size))
            for i in range(3)
        ]
        total += strength * np.stack(layers, axis=-1)
    return Image.fromarray(np.clip(total + 120, 0, 255).astype(np.uint8))
