"""Where a bird is photographed: a backdrop out of focus, and something to stand on.

A scene is painted at twice the size of the picture, with the bird's feet at a given place.
Backdrops are blotches on a tiny canvas, enlarged: cheap, and they look like a long lens.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from fieldmarks.precompute.demo_world.painting import foliage
from fieldmarks.precompute.demo_world.painting.curves import blade, flat, smooth
from fieldmarks.precompute.demo_world.painting.palette import Colour, lit
from fieldmarks.precompute.demo_world.painting.texture import TILE, cloud, random_window

SHRINK = 8  #: a backdrop is painted this much smaller


@dataclass(frozen=True)
class Place:
    """What one kind of background is made of.

    Parameters
    ----------
    top, bottom : tuple of int
        Colours of the backdrop's gradient.
    blots : tuple of tuple of int
        Colours of what is out of focus.
    shape : str
        "round", "tall" or "wide" blots.
    footing : str
        "branch", "stem", "ground", "water" or "stone".
    ground : tuple of int
        Colour of the ground, branch or stone.
    """

    top: Colour
    bottom: Colour
    blots: tuple[Colour, ...]
    shape: str
    footing: str
    ground: Colour


PLACES: dict[str, Place] = {
    "sky": Place(
        (116, 170, 222), (206, 226, 240), ((250, 250, 252), (228, 238, 248)),
        "wide", "branch", (116, 96, 82),
    ),
    "leaves": Place(
        (132, 168, 88), (70, 108, 58), (*foliage.GREENS, (206, 222, 150)),
        "round", "branch", (112, 88, 66),
    ),
    "woodland": Place(
        (150, 146, 116), (96, 84, 62), ((74, 60, 48), (176, 164, 120), *foliage.AUTUMN),
        "tall", "branch", (98, 78, 62),
    ),
    "meadow": Place(
        (178, 202, 160), (122, 154, 74), (*foliage.GREENS, (236, 206, 96), (214, 150, 180)),
        "round", "ground", (116, 146, 66),
    ),
    "reeds": Place(
        (206, 202, 164), (150, 140, 88), foliage.STRAW,
        "tall", "stem", (164, 148, 88),
    ),
    "water": Place(
        (150, 184, 196), (86, 130, 150), ((122, 162, 176), (70, 112, 134), (186, 210, 214)),
        "wide", "water", (104, 146, 164),
    ),
    "shore": Place(
        (168, 204, 224), (196, 200, 190), ((226, 236, 240), (140, 178, 196)),
        "wide", "ground", (212, 194, 156),
    ),
    "rock": Place(
        (170, 180, 190), (126, 126, 124), ((106, 104, 104), (158, 154, 148), (96, 110, 90)),
        "round", "stone", (148, 144, 138),
    ),
    "snow": Place(
        (196, 212, 230), (226, 232, 242), ((246, 248, 252), (178, 194, 214), (122, 134, 146)),
        "tall", "ground", (238, 242, 250),
    ),
}  # fmt: skip

_PEBBLES = ((176, 160, 134), (150, 148, 146), (226, 214, 190))
_DRIFTS = ((250, 251, 255), (226, 233, 245))


def paint_backdrop(kind: str, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Paint what lies behind the bird, without what it stands on; RGB of the size."""
    place = PLACES[kind]
    width, height = size[0] // SHRINK, size[1] // SHRINK
    ramp = np.linspace(0, 1, height)[:, None, None]
    tint = rng.uniform(0.88, 1.1)
    gradient = (np.array(place.top) * (1 - ramp) + np.array(place.bottom) * ramp) * tint
    small = Image.fromarray(np.clip(gradient, 0, 255).astype(np.uint8).repeat(width, axis=1))
    draw = ImageDraw.Draw(small)
    stretch = {"round": (1, 1), "tall": (0.28, 5), "wide": (3, 0.45)}[place.shape]
    for _ in range(rng.integers(14, 30)):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        rx, ry = rng.uniform(2, 9) * np.array(stretch)
        draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=foliage.random_colour(place.blots, rng))
    soft = small.filter(ImageFilter.GaussianBlur(rng.uniform(0.8, 2.2)))
    return soft.resize(size, Image.Resampling.BICUBIC)


def paint_footing(
    scene: Image.Image, kind: str, foot: tuple[float, float], rng, *, stands: bool = True
) -> None:
    """Paint what the bird stands on, in place, through ``foot`` (column, row).

    A bird that does not stand in water but ``stands`` gets a stone to stand on.
    """
    place = PLACES[kind]
    draw = ImageDraw.Draw(scene)
    colour = lit(place.ground, rng.uniform(0.9, 1.08))
    _FOOTINGS[place.footing](scene, draw, kind, colour, foot, rng)
    if place.footing == "water" and stands:
        size = np.array([rng.uniform(70, 120), rng.uniform(26, 44)])
        foliage.stone(draw, (foot[0], foot[1] + 0.88 * size[1]), size, (132, 132, 130), rng)


def _branch(scene, draw, kind, colour, foot, rng) -> None:
    """Draw a branch from one edge to the other, with twigs and leaves."""
    width = scene.width
    slope, bow = rng.normal(0, 0.16), rng.normal(0, 60)
    x = np.linspace(-20, width + 20, 24)
    u = (x - foot[0]) / width
    thickness = rng.uniform(20, 38)
    line = np.stack([x, foot[1] + 0.42 * thickness + slope * (x - foot[0]) + bow * u * u], 1)
    leaves = foliage.AUTUMN if kind == "woodland" else foliage.GREENS
    for _ in range(rng.integers(2, 6)):
        start = line[rng.integers(0, len(line))]
        reach = rng.uniform(60, 150) * np.array([rng.choice([-1, 1]), rng.uniform(-1.2, 0.9)])
        foliage.twig(draw, start, start + reach, 5, leaves, rng)
    foliage.branch(draw, line, thickness, colour, rng)


def _stem(scene, draw, kind, colour, foot, rng) -> None:
    """Draw a bent reed under the feet among upright ones."""
    height = scene.height
    for x in rng.uniform(0, scene.width, rng.integers(6, 14)):
        lean = rng.normal(0, 40)
        reed = blade(
            (x, height + 10), (x + lean, rng.uniform(-60, 0.5 * height)), rng.uniform(6, 13), 0
        )
        draw.polygon(flat(reed), fill=foliage.random_colour(foliage.STRAW, rng))
    x = np.linspace(-20, scene.width + 20, 24)
    slope = rng.choice([-1, 1]) * rng.uniform(0.15, 0.5)
    line = np.stack(
        [x, foot[1] + 7 + slope * (x - foot[0]) + 40 * ((x - foot[0]) / scene.width) ** 2], 1
    )
    foliage.branch(draw, line, rng.uniform(13, 19), colour, rng)


def _ground(scene, draw, kind, colour, foot, rng) -> None:
    """Draw open ground that rises to a horizon behind the feet, with what lies on it."""
    width, height = scene.size
    horizon = foot[1] - rng.uniform(20, 0.3 * height)
    crest = [(x, horizon + rng.normal(0, 5)) for x in np.linspace(-80, width + 80, 6)]
    outline = smooth([*crest, (width + 300, height + 200), (-300, height + 200)])
    mask = Image.new("L", scene.size, 0)
    ImageDraw.Draw(mask).polygon(flat(outline), fill=255)
    rough = 0.02 if kind == "snow" else 0.07
    scene.paste(
        _mottled(colour, scene.size, rough, rng), (0, 0), mask.filter(ImageFilter.BoxBlur(2))
    )
    for _ in range(rng.integers(5, 16)):
        y = rng.uniform(horizon + 10, height)
        near = 0.35 + (y - horizon) / height
        at, size = (rng.uniform(0, width), y), near * rng.uniform(8, 26) * np.array([1, 0.55])
        if kind == "meadow":
            foliage.grass(draw, at[0] - 60, at[0] + 60, y, 90 * near, 12, foliage.GREENS, rng)
        else:
            stones = _DRIFTS if kind == "snow" else _PEBBLES
            foliage.stone(draw, at, size, foliage.random_colour(stones, rng), rng)


def _water(scene, draw, kind, colour, foot, rng) -> None:
    """Draw a surface with ripples, and now and then a stone or reeds."""
    width, height = scene.size
    horizon = int(foot[1] - rng.uniform(0.15, 0.45) * height)
    surface = _mottled(colour, (width, max(8, height - horizon)), 0.06, rng, squeeze=6)
    scene.paste(surface, (0, horizon))
    if rng.random() < 0.5:
        side = rng.choice([0.0, 0.8]) * width
        foliage.grass(draw, side, side + 0.25 * width, horizon + 24, 150, 14, foliage.STRAW, rng)
    for _ in range(rng.integers(8, 20)):
        y = rng.uniform(horizon + 4, height)
        long = rng.uniform(20, 130) * (0.4 + (y - horizon) / height)
        x = rng.uniform(-40, width)
        draw.line(
            [x, y, x + long, y + rng.normal(0, 1.5)],
            fill=lit(colour, rng.uniform(0.8, 1.3)),
            width=3,
        )


def _stone(scene, draw, kind, colour, foot, rng) -> None:
    """Draw a boulder under the feet."""
    size = np.array([rng.uniform(150, 260), rng.uniform(70, 130)])
    for shift in (rng.uniform(-320, -120), rng.uniform(120, 320)):
        far = (foot[0] + shift, foot[1] + size[1] * rng.uniform(0.7, 1.5))
        foliage.stone(
            draw, far, size * rng.uniform(0.6, 1.1), lit(colour, rng.uniform(0.7, 0.95)), rng
        )
    foliage.stone(
        draw, (foot[0] + rng.uniform(-50, 50), foot[1] + 0.88 * size[1]), size, colour, rng
    )


def _mottled(
    colour: Colour, size: tuple[int, int], rough: float, rng, squeeze: int = 1
) -> Image.Image:
    """Return a surface with soft light and shade; ``squeeze`` flattens it into waves."""
    rows = min(TILE, size[1] * squeeze)
    grain = random_window(cloud(), (size[0], rows), rng)[::squeeze, :]
    light = Image.fromarray(grain).resize((size[0], size[1]), Image.Resampling.BILINEAR)
    light = 1 + rough * np.asarray(light)
    return Image.fromarray(np.clip(light[..., None] * colour, 0, 255).astype(np.uint8))


_FOOTINGS = {"branch": _branch, "stem": _stem, "ground": _ground, "water": _water, "stone": _stone}
