"""How a bird sits in its scene: where, on what, in how much water, and behind what."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from fieldmarks.precompute.demo_world.painting import foliage
from fieldmarks.precompute.demo_world.painting.bird_shape import UNIT, BirdShape
from fieldmarks.precompute.demo_world.painting.scenery import PLACES, paint_footing

#: Colours of what reaches before the bird, where it is not green.
_COVERS = {
    "woodland": foliage.AUTUMN,
    "reeds": foliage.STRAW,
    "shore": foliage.STRAW,
    "snow": foliage.STRAW,
}


@dataclass(frozen=True)
class Placement:
    """Where the painted bird comes to lie in the scene.

    Parameters
    ----------
    box : tuple of int
        The bird on its own canvas: left, top, right, bottom.
    corner, size : tuple of int
        The bird in the scene: left and top, columns and rows.
    faces_left : bool
        It is mirrored.
    """

    box: tuple[int, int, int, int]
    corner: tuple[int, int]
    size: tuple[int, int]
    faces_left: bool

    @classmethod
    def draw(cls, box, frame: tuple[int, int], smallest: float, rng) -> "Placement":
        """Draw a size of at least the share ``smallest`` of the frame, a side and a place."""
        shape = np.array([box[2] - box[0], box[3] - box[1]])
        size = np.round(shape * rng.uniform(smallest, 0.9) * np.min(np.array(frame) / shape))
        spare = (np.array(frame) - size) * rng.uniform((0.15, 0.3), (0.85, 0.75))
        corner, extent = (tuple(pair.astype(int).tolist()) for pair in (spare, size))
        return cls(box, corner, extent, bool(rng.random() < 0.5))

    @property
    def scale(self) -> float:
        """Scene pixels per canvas pixel."""
        return self.size[0] / (self.box[2] - self.box[0])

    @property
    def extent(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the bird in the scene."""
        (left, top), (width, height) = self.corner, self.size
        return left, top, left + width, top + height

    def __call__(self, point: np.ndarray) -> np.ndarray:
        """Transform a point (column, row) from the bird's canvas to the scene."""
        x, y = (point - self.box[:2]) * self.scale
        return self.corner + np.array([self.size[0] - x if self.faces_left else x, y])

    def seen(self, bird: Image.Image) -> Image.Image:
        """Return the bird as it is pasted into the scene."""
        small = bird.resize(self.size, Image.Resampling.BICUBIC, box=self.box)
        return small.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if self.faces_left else small


def paint_into(
    scene: Image.Image, kind: str, bird: Image.Image, placed: Placement, anatomy: BirdShape, rng
) -> np.ndarray:
    """Paint what the bird stands on and the bird, in place; return the bird's opacity."""
    foot = placed(anatomy.feet[1])
    leg = anatomy.plan.leg_length
    wades = PLACES[kind].footing == "water" and leg > 0.7
    paint_footing(scene, kind, (foot[0], foot[1]), rng, stands=not wades)
    if wades:
        bird = _wading(scene, bird, placed.corner, foot[1] - 0.24 * leg * UNIT * placed.scale)
    elif PLACES[kind].footing == "ground":
        _shadow(scene, foot)
    scene.paste(bird, placed.corner, bird)
    return np.asarray(bird.getchannel("A"))


def paint_cover(kind: str, frame, placed: Placement, probability: float, rng) -> Image.Image:
    """Draw what comes between the lens and the bird: nothing, or leaves, blades, flakes."""
    cover = Image.new("RGBA", frame, (0, 0, 0, 0))
    draw = ImageDraw.Draw(cover)
    (left, top), (width, height) = placed.corner, placed.size
    if kind == "snow":
        for x, y in rng.uniform((0, 0), frame, (rng.integers(10, 60), 2)):
            r = rng.uniform(2, 5)
            draw.ellipse((x - r, y - r, x + r, y + r), fill=(255, 255, 255, 220))
    if rng.random() >= probability:
        return cover
    colours = _COVERS.get(kind, foliage.GREENS)
    if kind in ("reeds", "meadow", "water", "shore", "snow"):
        centre = left + width * rng.uniform(0.1, 0.9)
        foliage.grass(
            draw,
            centre - 70,
            centre + 70,
            frame[1],
            1.2 * (frame[1] - top - 0.4 * height),
            7,
            colours,
            rng,
        )
    else:
        start = np.array([rng.choice([-10, frame[0] + 10]), top + height * rng.uniform(-0.2, 1.2)])
        end = np.array([left + width * rng.uniform(0.2, 0.8), top + height * rng.uniform(0.1, 0.9)])
        foliage.twig(draw, start, end, rng.uniform(4, 7), colours, rng)
    return cover


def _wading(scene: Image.Image, bird: Image.Image, corner, waterline: float) -> Image.Image:
    """Mirror the bird in the water, and return it with what is under water all but gone."""
    line = round(waterline)
    dry = bird.crop((0, 0, bird.width, line - corner[1]))
    mirrored = dry.transpose(Image.Transpose.FLIP_TOP_BOTTOM).filter(ImageFilter.BoxBlur(3))
    scene.paste(mirrored, (corner[0], line), mirrored.getchannel("A").point(lambda a: a * 0.3))
    legs = dry.getchannel("A").crop((0, dry.height - 2, dry.width, dry.height)).getbbox()
    if legs:
        middle = corner[0] + (legs[0] + legs[2]) / 2
        for reach in (34, 56):
            ring = (middle - reach, line - reach / 7, middle + reach, line + reach / 7)
            ImageDraw.Draw(scene).ellipse(ring, outline=(214, 230, 236), width=2)
    alpha = np.array(bird.getchannel("A"))
    alpha[dry.height :] //= 6
    sunk = bird.copy()
    sunk.putalpha(Image.fromarray(alpha))
    return sunk


def _shadow(scene: Image.Image, foot) -> None:
    """Darken the ground under the feet, in place."""
    shadow = Image.new("L", (140, 36), 0)
    ImageDraw.Draw(shadow).ellipse((20, 8, 120, 28), fill=90)
    at = (round(foot[0]) - 75, round(foot[1]) - 16)
    scene.paste((40, 44, 52), at, shadow.filter(ImageFilter.BoxBlur(6)))
