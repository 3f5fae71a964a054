"""A data set of made-up photographs in the layout of CUB: as many, as large, as hard to decode.

``discriminative`` ones cost minutes to write and give a run that is like a real one in size: every
image is a picture of its own in which its class shows, captions have thousands of attributes, few
of them frequent and some typical of a class, and there are keypoints.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

#: Columns and rows, and a box (left, top, width, height) as CUB's birds have it.
SIZE, BOX = (500, 375), (90, 60, 250, 220)
COLOURS = ("red", "blue", "grey", "black", "white", "yellow")
NOUNS = ("bill", "belly", "wing", "tail", "throat", "crown", "breast", "back")
#: Different pictures; all others are hard links to them.
N_DIFFERENT = 64
#: Of discriminative photographs: words that no list knows but the tagger takes for adjectives,
#: marks that are typical of a class, and how strongly its class shows in a picture.
N_ADJECTIVES, N_MARKS, CLASS_STRENGTH = 300, 8, 0.55
PARTS = (
    *("back", "beak", "belly", "breast", "crown", "forehead", "left eye", "left leg", "left wing"),
    *("nape", "right eye", "right leg", "right wing", "tail", "throat"),
)


def write_photos(
    folder: Path,
    n_images: int,
    n_classes: int = 200,
    size: tuple = SIZE,
    box: tuple = BOX,
    discriminative: bool = False,
) -> Path:
    """Write ``CUB_200_2011`` and ``text_c10`` with so many images and return the folder.

    Pictures are smooth noise of several scales, so that they compress to the 110 kB of a
    photograph of CUB's size.
    """
    cub, rng = folder / "CUB_200_2011", np.random.default_rng(0)
    pictures = [_picture(rng, size) for _ in range(min(N_DIFFERENT, n_images))]
    sources, lines = [], {name: [] for name in ("images", "labels", "split", "boxes")}
    paths, caption = [], _DiscriminativeCaptions(n_classes) if discriminative else _caption
    for i in range(n_images):
        c = i * n_classes // n_images
        path = cub / "images" / f"{c + 1:03d}.Class_{c}" / f"photo_{i:07d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        paths.append(path)
        if discriminative:
            pass
        elif i < len(pictures):
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
        text.write_text("".join(caption(rng, c) for _ in range(10)))
    files = {"images": "images", "labels": "image_class_labels", "split": "train_test_split"}
    for name, file in {**files, "boxes": "bounding_boxes"}.items():
        (cub / f"{file}.txt").write_text("\n".join(lines[name]) + "\n")
    (cub / "classes.txt").write_text(
        "".join(f"{c + 1} {c + 1:03d}.Class_{c}\n" for c in range(n_classes))
    )
    if discriminative:
        _write_discriminative(paths, n_classes, pictures)
        _write_parts(cub, n_images, box)
    return folder


def _write_discriminative(paths: list[Path], n_classes: int, pictures: list[Image.Image]) -> None:
    """Write the picture of each path: its class's picture, two others, and their colours moved."""
    size = pictures[0].size
    classes = [_picture(np.random.default_rng(1000 + c), size) for c in range(n_classes)]
    shown, mixed = ([np.asarray(p, np.float32) for p in each] for each in (classes, pictures))

    def write(i: int) -> None:
        rng = np.random.default_rng([1, i])
        first, second = (
            np.roll(mixed[rng.integers(len(mixed))], rng.integers(0, size), (1, 0)) for _ in "12"
        )
        share = CLASS_STRENGTH * rng.uniform(0.5, 1.5)
        pixels = share * shown[i * n_classes // len(paths)] + (1 - share) * (first + second) / 2
        pixels = 120 + 1.3 * (pixels - 120) + rng.normal(0, 8, 3).astype(np.float32)
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(paths[i], quality=93)

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, range(len(paths))))


def _write_parts(cub: Path, n_images: int, box: tuple) -> None:
    """Write the fifteen keypoints of CUB, one in four of them not visible."""
    rng, (left, top, width, height) = np.random.default_rng(2), box
    (cub / "parts").mkdir()
    names = "".join(f"{p} {name}\n" for p, name in enumerate(PARTS, 1))
    (cub / "parts" / "parts.txt").write_text(names)
    shape = (n_images, len(PARTS))
    xs, ys = left + width * rng.random(shape), top + height * rng.random(shape)
    is_visible = rng.random(shape) < 0.75
    rows = (
        f"{i + 1} {p + 1} {xs[i, p]:.1f} {ys[i, p]:.1f} {int(is_visible[i, p])}\n"
        for i in range(n_images)
        for p in range(len(PARTS))
    )
    (cub / "parts" / "part_locs.txt").write_text("".join(rows))


class _DiscriminativeCaptions:
    """Captions of three marks: of the class, or any, few of which are frequent."""

    def __init__(self, n_classes: int):
        rng = np.random.default_rng(3)
        nouns = [*NOUNS, *"nape forehead eye leg neck flank rump crest cheek".split()]
        made_up = [f"{a}{b}{c}ish" for a in "bdfgklmprtvz" for b in "aeiou" for c in "bdkmnrt"]
        adjectives = [*COLOURS, "brown", "orange", "long", "short", *made_up][:N_ADJECTIVES]
        self._marks = rng.permutation([f"{a} {noun}" for a in adjectives for noun in nouns])
        frequency = 1 / np.arange(1, len(self._marks) + 1) ** 0.8
        self._up_to = np.cumsum(frequency / frequency.sum())
        self._of_class = rng.integers(0, len(self._marks) // 4, (n_classes, N_MARKS))

    def __call__(self, rng: np.random.Generator, c: int) -> str:
        any_mark = np.searchsorted(self._up_to, rng.random(3)).clip(max=len(self._marks) - 1)
        of_class = self._of_class[c, rng.integers(0, N_MARKS, 3)]
        marks = self._marks[np.where(rng.random(3) < 0.5, of_class, any_mark)]
        return f"a bird with a {marks[0]}, a {marks[1]} and a {marks[2]}.\n"


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
