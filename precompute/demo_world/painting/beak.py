"""Bills: one formula for the mandibles, a small table of shapes.

The centre line falls as ``drop * t ** bend`` from the base (t = 0) to the tip (t = 1), the
thickness as ``1 - t ** taper``: a finch's cone, a warbler's needle, a dagger, a sickle and a hook.
"""

from dataclasses import dataclass

import numpy as np
from PIL import ImageDraw

from fieldmarks.precompute.demo_world.painting.curves import Frame, flat
from fieldmarks.precompute.demo_world.painting.palette import Colour, lit, mix

BASE = (0.90, 0.14)  #: where the bill leaves the face, head frame


@dataclass(frozen=True)
class Bill:
    """A shape of bill and the words that people have for it; lengths in head radii."""

    thickness: float
    taper: float
    drop: float
    bend: float
    words: tuple[str, ...]


BILLS: dict[str, Bill] = {
    "conical": Bill(0.42, 1.15, 0.06, 1.0, ("short", "thick")),
    "pointed": Bill(0.17, 1.3, 0.05, 1.0, ("short", "pointed")),
    "straight": Bill(0.24, 1.9, 0.05, 1.0, ("long", "pointed")),
    "slim": Bill(0.15, 3.0, 0.06, 1.0, ("long", "thin")),
    "curved": Bill(0.15, 3.0, 0.80, 2.2, ("long", "curved")),
    "hooked": Bill(0.46, 2.2, 0.62, 2.0, ("short", "hooked")),
    "gull": Bill(0.28, 3.2, 0.10, 4.0, ("pointed",)),
}


def paint_bill(
    draw: ImageDraw.ImageDraw, head: Frame, shape: str, length: float, colour: Colour
) -> None:
    """Draw upper and lower mandible, gape and a glint."""
    bill = BILLS[shape]
    t = np.linspace(0, 1, 24)
    x = BASE[0] + (length + 0.14) * t
    y = BASE[1] + bill.drop * t**bill.bend
    half = bill.thickness * (1 - t**bill.taper)
    upper, lower = np.stack([x, y - half], 1), np.stack([x, y + 0.85 * half], 1)
    gape = np.stack([x, y + 0.12 * half], 1)
    draw.polygon(flat(head(np.vstack([upper, lower[::-1]]))), fill=colour)
    draw.polygon(flat(head(np.vstack([gape, lower[::-1]]))), fill=lit(colour, 0.78))
    draw.line(flat(head(gape[:18])), fill=lit(colour, 0.5), width=2)
    glint = np.stack([x, y - 0.62 * half], 1)[2:16]
    draw.line(flat(head(glint)), fill=mix(colour, (255, 255, 255), 0.38), width=4, joint="curve")
