"""Leaves, blades, stones and flakes: the small things that a scene repeats and that hide birds."""

import math

import numpy as np
from PIL import ImageDraw

from fieldmarks.precompute.demo_world.painting.curves import blade, flat, smooth
from fieldmarks.precompute.demo_world.painting.palette import Colour, lit, mix

GREENS = ((86, 138, 58), (112, 156, 66), (66, 112, 58), (140, 162, 74), (96, 126, 48))
AUTUMN = ((186, 122, 48), (164, 88, 44), (150, 132, 58), (122, 96, 54), (176, 150, 70))
STRAW = ((196, 176, 112), (170, 158, 92), (150, 146, 84), (126, 134, 72), (184, 160, 98))


def random_colour(colours, rng: np.random.Generator) -> Colour:
    """Draw one colour of a list, a little lighter or darker."""
    return lit(colours[rng.integers(len(colours))], rng.uniform(0.85, 1.15))


def leaf(draw: ImageDraw.ImageDraw, at, angle: float, size: float, colour: Colour) -> None:
    """Draw a leaf of two tones with its midrib, from its stalk at ``at``."""
    direction = np.array([math.cos(angle), math.sin(angle)])
    tip = np.asarray(at) + size * direction
    outline = blade(at, tip, 0.46 * size, 0.15)
    half = len(outline) // 2
    draw.polygon(flat(outline), fill=colour)
    draw.polygon(flat(outline[: half + 1]), fill=mix(colour, (255, 255, 220), 0.16))
    draw.line([*at, *tip], fill=lit(colour, 0.74), width=2)


def twig(
    draw: ImageDraw.ImageDraw, start, end, width: float, colours, rng: np.random.Generator
) -> None:
    """Draw a thin twig with leaves on alternating sides."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    bow = np.array([-(end - start)[1], (end - start)[0]]) * rng.uniform(-0.15, 0.15)
    line = [start + (end - start) * u + bow * 4 * u * (1 - u) for u in np.linspace(0, 1, 9)]
    draw.line(flat(np.array(line)), fill=(92, 70, 50), width=max(2, round(width)), joint="curve")
    heading = math.atan2(*(end - start)[::-1])
    for i, place in enumerate(line[2:]):
        side = 1 if i % 2 else -1
        angle = heading + side * rng.uniform(0.4, 1.0)
        leaf(draw, place, angle, width * rng.uniform(7, 11), random_colour(colours, rng))


def grass(draw: ImageDraw.ImageDraw, left, right, base, height, n, colours, rng) -> None:
    """Draw blades that stand on row ``base`` between two columns."""
    for x in rng.uniform(left, right, n):
        tip = (x + rng.normal(0, 0.28) * height, base - height * rng.uniform(0.5, 1.1))
        draw.polygon(
            flat(blade((x, base + 6), tip, rng.uniform(4, 9), 0)), fill=random_colour(colours, rng)
        )


def stone(
    draw: ImageDraw.ImageDraw, centre, size, colour: Colour, rng: np.random.Generator
) -> None:
    """Draw a rounded stone with a lit top; ``size`` is its half width and half height."""
    angles = np.linspace(0, 2 * np.pi, 9)[:-1]
    radii = rng.uniform(0.86, 1.1, (8, 1))
    outline = smooth(np.stack([np.cos(angles), np.sin(angles)], 1) * radii)
    draw.polygon(flat(outline * size + centre), fill=lit(colour, 0.72))
    draw.polygon(flat(outline * size * (0.95, 0.86) + centre - (0, 0.12 * size[1])), fill=colour)
    glow = outline * size * (0.66, 0.42) + centre - (0.1 * size[0], 0.42 * size[1])
    draw.polygon(flat(glow), fill=mix(colour, (255, 255, 255), 0.14))


def branch(
    draw: ImageDraw.ImageDraw, line: np.ndarray, thickness: float, colour: Colour, rng
) -> None:
    """Draw a branch along points of shape (N, 2), with bark that is lit from above."""
    taper = np.linspace(1.15, 0.75, len(line))[:, None] * thickness / 2
    taper = taper * (1 + 0.08 * rng.normal(size=taper.shape))
    down = np.array([0.0, 1.0])

    def band(a: float, b: float) -> list[float]:
        return flat(np.vstack([line + a * taper * down, (line + b * taper * down)[::-1]]))

    draw.polygon(band(-1, 1), fill=colour)
    draw.polygon(band(0.25, 1), fill=lit(colour, 0.72))
    draw.polygon(band(-1, -0.55), fill=mix(colour, (255, 246, 225), 0.22))
    for _ in range(26):
        i = int(rng.integers(0, len(line) - 3))
        offset = rng.uniform(-0.8, 0.8) * taper[i] * down
        draw.line(
            flat(line[i : i + 3] + offset), fill=lit(colour, rng.uniform(0.66, 1.22)), width=2
        )
