"""From a plan to files: pictures, captions and annotations in the layout of CUB-200-2011."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from fieldmarks.precompute.demo_world.captions.grammar import write_captions
from fieldmarks.precompute.demo_world.painting.change import MarkChange
from fieldmarks.precompute.demo_world.painting.painter import (
    Difficulty,
    PaintedImage,
    paint_picture,
)
from fieldmarks.precompute.demo_world.planting.degradations import degrade
from fieldmarks.precompute.demo_world.planting.faults import Shot
from fieldmarks.precompute.demo_world.species import PaintedAttribute
from fieldmarks.precompute.demo_world.species_list import SPECIES

#: The parts of CUB in its order; their numbers start at 1.
CUB_PARTS = (
    "back", "beak", "belly", "breast", "crown", "forehead", "left eye", "left leg", "left wing",
    "nape", "right eye", "right leg", "right wing", "tail", "throat",
)  # fmt: skip
#: The text files of CUB.
ANNOTATIONS = (
    "classes.txt", "images.txt", "image_class_labels.txt", "train_test_split.txt",
    "bounding_boxes.txt", "parts/parts.txt", "parts/part_locs.txt",
)  # fmt: skip
QUALITY = 90  #: of the JPEG files
SEEN = 0.4  #: a part of which less than this share is free counts as not visible


@dataclass(frozen=True)
class Record:
    """A picture as it was taken: its file, and what the annotations and the truth say of it."""

    shot: Shot
    path: str
    bbox: tuple[float, float, float, float]
    parts: list[tuple[str, float, float, float]]
    attributes: list[tuple[str, str, str, float, float, float]]
    faces_left: bool
    hidden: float


def class_folder(species: int) -> str:
    """Return a class as CUB writes it.

    >>> class_folder(0)
    '001.Rosy_Fenwick'
    """
    return f"{species + 1:03d}.{SPECIES[species].name}"


def image_paths(shots: list[Shot], seed: int) -> list[str]:
    """Name the file of each shot after its label; within a label, true and wrong are shuffled."""
    rng = np.random.default_rng([seed, len(shots)])
    numbers = rng.permutation(len(shots))
    taken: dict[int, int] = {}
    paths = [""] * len(shots)
    for i in np.argsort(numbers):
        label = shots[i].label
        taken[label] = taken.get(label, 0) + 1
        stem = f"{SPECIES[label].name}_{taken[label]:04d}_{10_000 + 7 * int(numbers[i])}"
        paths[i] = f"{class_folder(label)}/{stem}.jpg"
    return paths


def take(
    seed: int, image_size: int, difficulty: Difficulty, shot: Shot, change: MarkChange | None = None
) -> tuple[PaintedImage, Image.Image]:
    """Return what was painted and the picture that the camera made of it."""
    rng = np.random.default_rng([seed, shot.species, shot.index])
    short = round(image_size * rng.choice([0.75, 0.8, 0.9, 1.0]))
    size = (image_size, short) if rng.random() < 0.75 else (short, image_size)
    picture = paint_picture(SPECIES[shot.species], shot.background, difficulty, size, rng, change)
    return picture, degrade(picture.image, shot.degradation, shot.strength, rng)


def photograph(
    out: Path,
    seed: int,
    image_size: int,
    difficulty: Difficulty,
    names_backgrounds: bool,
    task: tuple[str, Shot],
) -> Record:
    """Take one picture and have it captioned; the bytes depend on nothing but the arguments.

    ``task`` is the path of the picture below the image folder, and what to take;
    ``names_backgrounds`` is whether captions say where the bird is.
    """
    path, shot = task
    picture, image = take(seed, image_size, difficulty, shot)
    file = out / "CUB_200_2011" / "images" / path
    text = out / "text_c10" / Path(path).with_suffix(".txt")
    for folder in (file.parent, text.parent):
        folder.mkdir(parents=True, exist_ok=True)
    image.save(file, quality=QUALITY)
    attributes = picture.individual.attributes()
    seen = [a for a in attributes if not a.landmark or picture.places[a.landmark][2] >= SEEN]
    rng = np.random.default_rng([seed, shot.species, shot.index, 1])
    lines = write_captions(seen, rng, place=shot.background if names_backgrounds else "")
    text.write_text("\n".join(lines) + "\n", "utf-8")
    rows = [(a.adjective, a.noun, *_place(picture, a)) for a in attributes]
    return Record(
        shot, path, picture.bbox, _parts(picture), rows, picture.faces_left, picture.hidden
    )


def write_annotations(out: Path, records: list[Record], n_species: int) -> None:
    """Write the seven text files of CUB; image ids number the records from 1."""
    cub = out / "CUB_200_2011"
    (cub / "parts").mkdir(parents=True, exist_ok=True)
    numbered = list(enumerate(records, 1))
    files = {
        "classes.txt": [f"{s + 1} {class_folder(s)}" for s in range(n_species)],
        "images.txt": [f"{i} {r.path}" for i, r in numbered],
        "image_class_labels.txt": [f"{i} {r.shot.label + 1}" for i, r in numbered],
        "train_test_split.txt": [f"{i} {int(r.shot.is_train)}" for i, r in numbered],
        "bounding_boxes.txt": [
            f"{i} " + " ".join(f"{edge:.1f}" for edge in r.bbox) for i, r in numbered
        ],
        "parts/parts.txt": [f"{p} {name}" for p, name in enumerate(CUB_PARTS, 1)],
        "parts/part_locs.txt": [
            f"{i} {p} {col:.1f} {row:.1f} 1" if visible >= SEEN else f"{i} {p} 0.0 0.0 0"
            for i, r in numbered
            for p, (_, col, row, visible) in enumerate(r.parts, 1)
        ],
    }
    for name, lines in files.items():
        (cub / name).write_text("\n".join(lines) + "\n", "utf-8")


def truth_tables(records: list[Record], n_species: int) -> dict[str, pd.DataFrame]:
    """Return the tables of `truth.Truth`."""
    images = pd.DataFrame(
        {
            "image_id": np.arange(1, len(records) + 1),
            "path": [r.path for r in records],
            "species": [SPECIES[r.shot.species].name for r in records],
            "label": [SPECIES[r.shot.label].name for r in records],
            "is_train": [r.shot.is_train for r in records],
            "is_wrong_label": [r.shot.label != r.shot.species for r in records],
            "background": [r.shot.background for r in records],
            "cue": [r.shot.cue for r in records],
            "degradation": [r.shot.degradation for r in records],
            "strength": [r.shot.strength for r in records],
            "faces_left": [r.faces_left for r in records],
            "hidden": [r.hidden for r in records],
        }
    ).set_index("image_id")
    attributes = pd.DataFrame(
        [(i, *row) for i, r in enumerate(records, 1) for row in r.attributes],
        columns=["image_id", "adjective", "noun", "part", "col", "row", "visible"],
    )
    parts = pd.DataFrame(
        [(i, *row) for i, r in enumerate(records, 1) for row in r.parts],
        columns=["image_id", "part", "col", "row", "visible"],
    )
    pairs = pd.DataFrame(
        look_alikes(n_species), columns=["species_a", "species_b", "noun", "word_a", "word_b"]
    )
    return {"images": images, "attributes": attributes, "parts": parts, "pairs": pairs}


def look_alikes(n_species: int) -> list[tuple[str, str, str, str, str]]:
    """Return the pairs of relatives that differ in one mark, and the words of that mark."""
    pairs = []
    for a in range(n_species):
        for b in range(a + 1, n_species):
            if SPECIES[a].family is not SPECIES[b].family:
                continue
            mine, theirs = SPECIES[a].marks(), SPECIES[b].marks()
            differing = [m for m in mine | theirs if mine.get(m, "") != theirs.get(m, "")]
            if len(differing) == 1:
                words = (side.get(differing[0], "") for side in (mine, theirs))
                pairs.append((SPECIES[a].name, SPECIES[b].name, differing[0], *words))
    return pairs


def _parts(picture: PaintedImage) -> list[tuple[str, float, float, float]]:
    """Return CUB's fifteen parts; what lies on the far side of the bird has visibility 0."""
    near, far = ("left", "right") if picture.faces_left else ("right", "left")
    named = dict(picture.places)
    for part in ("eye", "leg", "wing"):
        named[f"{near} {part}"] = named.pop(part)
        named[f"{far} {part}"] = (*named[f"{near} {part}"][:2], 0.0)
    named[f"{far} leg"] = named.pop("far leg")
    return [(part, *named[part]) for part in CUB_PARTS]


def _place(picture: PaintedImage, attribute: PaintedAttribute) -> tuple[str, float, float, float]:
    """Return the part as CUB names it ("" where it names none), where it is and how visible."""
    if not attribute.landmark:
        left, top, width, height = picture.bbox
        return "", left + width / 2, top + height / 2, 1 - picture.hidden
    part = {"wingbar": "wing", "cheek": ""}.get(attribute.landmark, attribute.landmark)
    if part in ("eye", "leg", "wing"):
        part = ("left " if picture.faces_left else "right ") + part
    return part, *picture.places[attribute.landmark]
