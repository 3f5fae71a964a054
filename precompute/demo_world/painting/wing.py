"""The folded wing: feathers in rows, painted one by one from the tip of the wing to its bend."""

import numpy as np
from PIL import ImageDraw

from fieldmarks.precompute.demo_world.painting.curves import Frame, blade, flat, smooth
from fieldmarks.precompute.demo_world.painting.palette import Colour, lit, mix

#: Rows from below to above: feathers, first and last base, first and last tip (body frame), width.
ROWS = {
    "primaries": (6, ((-0.20, 0.16), (-0.30, -0.08)), ((-0.62, 0.34), (-1.42, 0.03)), 0.17),
    "secondaries": (6, ((0.12, 0.26), (0.00, -0.20)), ((-0.44, 0.36), (-0.86, -0.10)), 0.19),
    "greater": (7, ((0.42, 0.30), (0.26, -0.28)), ((-0.02, 0.34), (-0.24, -0.26)), 0.16),
    "median": (6, ((0.58, 0.20), (0.44, -0.28)), ((0.26, 0.28), (0.10, -0.30)), 0.15),
}
OUTLINE = [
    (0.76, -0.02), (0.62, 0.24), (0.30, 0.38), (-0.15, 0.41), (-0.6, 0.34), (-1.1, 0.16),
    (-1.42, 0.03), (-1.0, -0.10), (-0.5, -0.26), (0.1, -0.36), (0.55, -0.28),
]  # fmt: skip


def paint_wing(
    draw: ImageDraw.ImageDraw,
    body: Frame,
    length: float,
    colour: Colour,
    bar: Colour | None,
    rng: np.random.Generator,
) -> None:
    """Draw the folded wing with its covert edges and, where the bird has them, two wingbars.

    Parameters
    ----------
    draw : ImageDraw
        Canvas of the bird.
    body : Frame
        The body's frame.
    length : float
        Factor on how far the wing tip reaches back.
    colour, bar : tuple of int
        Colour of the wing and of the tips of greater and median coverts; None for no bar.
    rng : numpy.random.Generator
        Small differences between feathers.
    """
    dark = sum(colour) < 200
    draw.polygon(flat(body(stretched(OUTLINE, length))), fill=lit(colour, 0.62))
    for name, (n, bases, tips, width) in ROWS.items():
        is_flight = name in ("primaries", "secondaries")
        for share in np.linspace(0, 1, n):
            base = (1 - share) * np.array(bases[0]) + share * np.array(bases[1])
            tip = (1 - share) * np.array(tips[0]) + share * np.array(tips[1])
            tip = tip + rng.normal(0, 0.008, 2)
            base, tip = stretched([base, tip], length)
            main = lit(colour, (0.80 if is_flight else 0.98) + rng.normal(0, 0.02))
            edge = mix(main, (255, 255, 255), 0.16 if dark else 0.22)
            _feather(draw, body, base, tip, width, main, edge, None if is_flight else bar)
    shoulder = smooth(
        [(0.74, -0.06), (0.64, 0.2), (0.42, 0.24), (0.34, -0.02), (0.42, -0.31), (0.6, -0.28)]
    )
    draw.polygon(flat(body(stretched(shoulder, length))), fill=lit(colour, 1.02))


def stretched(points, length: float) -> np.ndarray:
    """Pull the part of the wing behind its middle backwards by a factor."""
    p = np.array(points, dtype=float) * (0.98, 0.82) - (0.02, 0.06)
    p[:, 0] = np.where(p[:, 0] < 0, p[:, 0] * length, p[:, 0])
    return p


def _feather(draw, body: Frame, base, tip, width: float, main: Colour, edge: Colour, bar) -> None:
    """One feather: a light edge, the vane and, on a covert of a barred wing, a bright tip."""
    draw.polygon(flat(body(blade(base, tip, width, 0.6))), fill=bar or edge)
    inner = base + (0.62 if bar else 0.955) * (tip - base)
    draw.polygon(flat(body(blade(base, inner, 0.84 * width, 0.6))), fill=main)
    draw.line(flat(body([base + 0.3 * (tip - base), inner])), fill=lit(main, 0.86), width=2)
