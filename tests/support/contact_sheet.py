"""The contact sheet: one bird of each species with its name, a family a column."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fieldmarks.precompute.demo_world.painting.painter import Difficulty, paint_picture
from fieldmarks.precompute.demo_world.species_list import SPECIES

CELL = (236, 190)  #: columns and rows of one picture on the sheet
GAP, LINE = 12, 30  #: pixels between pictures, and for a name
PAPER, INK = (250, 249, 245), (52, 54, 58)

#: Nothing hides the bird, the light is even: a plate of a field guide.
PLATE = Difficulty(hue=0.004, light=0.02, hidden=0.0, variants=0.0, smallest=0.84, grain=1.0)


def contact_sheet(path: Path, *, columns: int = 6, seed: int = 2) -> None:
    """Paint every species of the roster and save the sheet as a JPEG.

    Parameters
    ----------
    path : Path
        File to write, ``.jpg``.
    columns : int
        Pictures in a row.
    seed : int
        Poses and places.
    """
    rows = -(-len(SPECIES) // columns)
    step = (CELL[0] + GAP, CELL[1] + LINE + GAP)
    sheet = Image.new("RGB", (columns * step[0] + GAP, rows * step[1] + GAP), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for i, species in enumerate(SPECIES):
        left, top = GAP + i % columns * step[0], GAP + i // columns * step[1]
        sheet.paste(_plate(i, seed), (left, top))
        name = species.name.replace("_", " ")
        draw.text((left + CELL[0] / 2, top + CELL[1] + 6), name, INK, font, anchor="ma")
    sheet.save(path, quality=88, optimize=True)


def _plate(number: int, seed: int) -> Image.Image:
    """Paint one species in one of its habitats."""
    species = SPECIES[number]
    habitat = species.family.habitats[number % len(species.family.habitats)]
    large = (3 * CELL[0] // 2, 3 * CELL[1] // 2)
    picture = paint_picture(species, habitat, PLATE, large, np.random.default_rng([seed, number]))
    return picture.image.resize(CELL, Image.Resampling.LANCZOS)
