"""The bird itself: an individual in a pose, painted on a transparent canvas.

Colours are laid as broad regions, ruffled into each other as feathers do, given grain and light
from the silhouette's own roundness, and finished with what is sharp on a bird: wing, bill, eye.
"""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from fieldmarks.precompute.demo_world.painting.beak import paint_bill
from fieldmarks.precompute.demo_world.painting.bird_shape import CANVAS, COARSE, UNIT, BirdShape
from fieldmarks.precompute.demo_world.painting.curves import blade, flat, smooth
from fieldmarks.precompute.demo_world.painting.limbs import (
    paint_crest,
    paint_eye,
    paint_leg,
    paint_tail,
)
from fieldmarks.precompute.demo_world.painting.palette import Colour, lit
from fieldmarks.precompute.demo_world.painting.texture import feathers, random_window, ruffle
from fieldmarks.precompute.demo_world.painting.wing import OUTLINE, paint_wing, stretched
from fieldmarks.precompute.demo_world.species import Individual

#: Regions over the colour of the back, in the order of painting: part, frame, outline.
REGIONS = (
    ("belly", "body",
     [(1.15, 0.02), (0.75, 0.16), (0.2, 0.2), (-0.5, 0.10), (-1.2, 0.02), (-1.6, 0.5), (-0.4, 1.1),
      (0.6, 1.1), (1.3, 0.6)]),
    ("breast", "body",
     [(1.5, -0.4), (0.86, -0.40), (0.62, -0.15), (0.42, 0.12), (0.36, 0.36), (0.42, 0.60),
      (0.9, 1.0), (1.6, 0.8)]),
    ("cheek", "head",
     [(-1.25, 0.0), (-0.9, -0.9), (0, -1.25), (0.9, -0.95), (1.5, 0.0), (1.0, 0.85), (0.3, 1.02),
      (-0.6, 0.95)]),
    ("nape", "head",
     [(-0.15, -1.3), (-0.42, -0.5), (-0.52, 0.2), (-0.55, 0.7), (-0.95, 1.15), (-1.7, 1.15),
      (-1.9, 0.2), (-1.3, -0.9)]),
    ("throat", "head",
     [(1.5, 0.30), (0.82, 0.30), (0.38, 0.44), (0.16, 0.80), (0.12, 1.25), (0.5, 1.6), (1.2, 1.5),
      (1.7, 0.9)]),
    ("crown", "head",
     [(1.3, -0.20), (0.6, -0.30), (0.1, -0.34), (-0.45, -0.22), (-0.85, 0.02), (-1.25, -0.2),
      (-1.0, -1.2), (0.2, -1.5), (1.2, -1.1)]),
    ("forehead", "head",
     [(0.25, -1.4), (0.26, -0.75), (0.52, -0.34), (0.82, -0.02), (1.4, 0.0), (1.5, -0.9)]),
)  # fmt: skip
EYEBROW = [
    (0.92, -0.20), (0.40, -0.44), (-0.2, -0.42), (-0.75, -0.22), (-0.72, -0.08), (-0.2, -0.24),
    (0.4, -0.27),
]  # fmt: skip


def paint_bird(
    individual: Individual, colours: dict[str, Colour], anatomy: BirdShape, rng: np.random.Generator
) -> Image.Image:
    """Paint the bird.

    Parameters
    ----------
    individual : Individual
        What to paint, in words.
    colours : dict of str to tuple
        The shade of each part and mark of this bird, RGB.
    anatomy : BirdShape
        Its shape and pose.
    rng : numpy.random.Generator
        Grain and small irregularities.

    Returns
    -------
    PIL.Image.Image
        RGBA of size `bird_shape.CANVAS`.
    """
    canvas = Image.new("RGBA", CANVAS, (0, 0, 0, 0))
    draw = ImageDraw.Draw(canvas)
    paint_leg(draw, anatomy, 0, lit(colours["leg"], 0.72), lit(colours["belly"], 0.7))
    paint_tail(draw, anatomy, colours["tail"], rng)
    paint_leg(draw, anatomy, 1, colours["leg"], lit(colours["belly"], 0.86))
    if anatomy.plan.crest:
        paint_crest(draw, anatomy, colours["crown"], rng)
    feathered, corner = _paint_body(individual, colours, anatomy, rng)
    canvas.alpha_composite(feathered, corner)
    draw = ImageDraw.Draw(canvas)
    paint_bill(draw, anatomy.head, anatomy.plan.bill, anatomy.plan.bill_length, colours["bill"])
    paint_eye(draw, individual, colours, anatomy)
    return canvas


def _paint_body(
    individual, colours, anatomy: BirdShape, rng
) -> tuple[Image.Image, tuple[int, int]]:
    """Trunk, neck, head and wing with grain and light: an RGBA piece and where its corner lies."""
    distance = anatomy.distance()
    outline = anatomy.body(stretched(OUTLINE, anatomy.plan.wing_length))
    box = _extent(distance, outline)
    size = (box[2] - box[0], box[3] - box[1])
    coat = _coat(individual, colours, anatomy, rng).crop(box)
    wing = Image.new("RGBA", CANVAS, (0, 0, 0, 0))
    bar = colours["wingbar"] if individual.species.wingbar else None
    paint_wing(
        ImageDraw.Draw(wing), anatomy.body, anatomy.plan.wing_length, colours["wing"], bar, rng
    )
    shadow = Image.new("L", size, 255)
    ImageDraw.Draw(shadow).polygon(flat(outline - (box[0] - 2, box[1] - 6)), fill=165)

    depth = Image.fromarray(distance).resize(
        size,
        Image.Resampling.BILINEAR,
        box=(box[0] / COARSE, box[1] / COARSE, box[2] / COARSE, box[3] / COARSE),
    )
    grain = random_window(feathers(), size, rng)
    alpha = np.clip(0.5 - (np.asarray(depth) + 0.035 * (grain - 0.95)) * 60, 0, 1)
    light = _light(distance, box) * grain
    shade = np.asarray(shadow.filter(ImageFilter.BoxBlur(6)), dtype=np.float32) / 255
    over = np.asarray(wing.crop(box))
    is_wing = over[..., 3] > 0
    light = np.where(is_wing, 0.15 + 0.85 * light, light * shade)
    piece = np.where(is_wing[..., None], over, np.asarray(coat)).astype(np.float32)
    piece[..., :3] *= light[..., None]
    piece[..., 3] = 255 * np.where(is_wing, 1, alpha)
    return Image.fromarray(np.clip(piece, 0, 255).astype(np.uint8)), box[:2]


def _extent(distance: np.ndarray, wing: np.ndarray) -> tuple[int, int, int, int]:
    """Return the box that body and wing cover, in multiples of COARSE."""
    rows, cols = (np.flatnonzero((distance < 0.05).any(axis)) * COARSE for axis in (1, 0))
    left, top = np.minimum((cols[0], rows[0]), wing.min(0)).astype(int) // COARSE * COARSE - COARSE
    right, bottom = (
        np.maximum((cols[-1], rows[-1]), wing.max(0)).astype(int) // COARSE * COARSE + 2 * COARSE
    )
    return max(0, left), max(0, top), min(CANVAS[0], right), min(CANVAS[1], bottom)


def _coat(individual: Individual, colours, anatomy: BirdShape, rng) -> Image.Image:
    """Colours of the feathers without wing, light and silhouette."""
    coat = Image.new("RGBA", CANVAS, colours["back"] + (255,))
    draw = ImageDraw.Draw(coat)
    x, y = anatomy.plan.neck
    front = anatomy.body([(x + 0.6, y), (x - 0.04, y), (0.5, 0.05), (1.2, 0.05)])
    draw.polygon(flat(front), fill=colours["breast"])
    for part, frame, outline in REGIONS:
        draw.polygon(flat(getattr(anatomy, frame)(smooth(outline))), fill=colours[part])
    if individual.species.eyebrow:
        draw.polygon(flat(anatomy.head(smooth(EYEBROW))), fill=colours["eyebrow"])
    pixels = np.asarray(coat).view(np.uint32).reshape(-1)
    ruffled = pixels[ruffle()].view(np.uint8).reshape(CANVAS[1], CANVAS[0], 4)
    coat = Image.fromarray(ruffled).filter(ImageFilter.BoxBlur(1))
    draw = ImageDraw.Draw(coat)
    for part, pattern in individual.species.patterns.items():
        _paint_pattern(draw, anatomy, part, pattern, colours[part], rng)
    return coat


def _light(distance: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """Light on a round body from above and ahead, about 1; float32 of the box."""
    left, top, right, bottom = (edge // COARSE for edge in box)
    piece = distance[top:bottom, left:right]
    gy, gx = np.gradient(piece, COARSE / UNIT)
    rim = np.clip(1 + piece / 0.42, 0, 1) ** 2
    shading = 1.04 + rim * (0.16 * gx - 0.32 * gy) - 0.12 * rim * rim
    size = (box[2] - box[0], box[3] - box[1])
    return np.asarray(Image.fromarray(shading).resize(size, Image.Resampling.BILINEAR))


@lru_cache
def _scatter(n: int) -> np.ndarray:
    """Return an even scatter in the unit square (golden-ratio sequence), shape (n, 2)."""
    index = np.arange(1, n + 1)[:, None]
    return (index * np.array([0.7548776662, 0.5698402910])) % 1


def _paint_pattern(draw, anatomy: BirdShape, part: str, pattern: str, ground: Colour, rng) -> None:
    """Dark drops ("speckled") or rows of streaks ("striped") over a part."""
    ink = lit(ground, 0.34) if sum(ground) > 260 else lit(ground, 1.7)
    if part == "throat":
        frame, low, high, n = anatomy.head, (0.2, 0.5), (1.0, 1.5), 40
    else:
        frame, low, high, n = anatomy.body, (0.30, -0.12), (1.1, 0.62), 90
    places = np.array(low) + _scatter(n) * (np.array(high) - np.array(low))
    places = places + rng.normal(0, 0.012, places.shape)
    long, wide = (0.075, 0.055) if pattern == "speckled" else (0.17, 0.036)
    unit = 1 if part != "throat" else 1.9
    for place in places:
        size = unit * (1 + rng.normal(0, 0.15))
        lean = np.array([-0.55, 0.83]) * long * size
        draw.polygon(
            flat(frame(blade(place - lean / 2, place + lean / 2, wide * size, 0.7))), fill=ink
        )
