"""Tail, legs, crest and eye: what is drawn under and over the plumage."""

import numpy as np

from fieldmarks.precompute.demo_world.painting.bird_shape import BirdShape
from fieldmarks.precompute.demo_world.painting.curves import blade, flat
from fieldmarks.precompute.demo_world.painting.palette import Colour, lit, mix
from fieldmarks.precompute.demo_world.species import Individual

#: Length of the outermost tail feather against the middle one, bluntness of tips, half the fan.
TAILS = {"square": (0.97, 0.9, 0.16), "forked": (1.7, 0.3, 0.13), "pointed": (0.45, 0.1, 0.15)}


def paint_tail(draw, anatomy: BirdShape, colour: Colour, rng) -> None:
    """Draw the tail: a fan of feathers, the middle ones on top."""
    plan, n = anatomy.plan, 4
    outer, bluntness, fan = TAILS[plan.tail]
    base = np.array([-0.86, -0.06])
    for i in range(n, -1, -1):
        share = i / n
        for side in (1, -1) if i else (1,):
            spread = fan * share * side + rng.normal(0, 0.008)
            angle = anatomy.tail_angle + spread
            length = (plan.tail_length + 0.25) * (1 + (outer - 1) * share) / max(1, 0.78 * outer)
            tip = base + length * np.array([-np.cos(angle), np.sin(angle)])
            main = lit(colour, 0.95 - 0.16 * share if side > 0 else 0.86)
            draw.polygon(
                flat(anatomy.body(blade(base, tip, 0.24, bluntness))), fill=lit(main, 0.82)
            )
            draw.polygon(flat(anatomy.body(blade(base, tip, 0.21, bluntness))), fill=main)
            draw.line(
                flat(anatomy.body([base + 0.4 * (tip - base), base + 0.93 * (tip - base)])),
                fill=lit(main, 0.86),
                width=2,
            )


def paint_leg(draw, anatomy: BirdShape, which: int, colour: Colour, thigh: Colour) -> None:
    """Draw the far (0) or near (1) leg: feathered thigh, tarsus with a joint, and toes."""
    hip, foot = anatomy.hips[which], anatomy.feet[which]
    reach = foot[1] - hip[1]
    knee = hip + (foot - hip) * 0.45 + (-0.06 * reach - 2, 0)
    for a, b, width in ((hip, knee, 8), (knee, foot, 7)):
        draw.line([tuple(a), tuple(b)], fill=colour, width=width)
    draw.ellipse((*(knee - 4.5), *(knee + 4.5)), fill=lit(colour, 0.9))
    draw.polygon(flat(blade((hip[0], hip[1] - 26), (hip[0], hip[1] + 12), 28, 0.3)), fill=thigh)
    for toe in ((24, 3), (17, 8), (-14, 3)):
        draw.line([tuple(foot), tuple(foot + toe)], fill=lit(colour, 0.92), width=6)
    draw.ellipse((*(foot - 4), *(foot + 4)), fill=colour)


def paint_crest(draw, anatomy: BirdShape, colour: Colour, rng) -> None:
    """Draw ragged feathers at the back of the crown."""
    size = anatomy.plan.crest
    for turn in np.linspace(-0.25, 0.75, 6):
        angle = turn + rng.normal(0, 0.06)
        tip = np.array([-0.62, -0.55]) + size * np.array([-np.cos(angle), -np.sin(angle)])
        feather = blade(np.array([-0.2, -0.5]), tip, 0.34, 0.1)
        draw.polygon(flat(anatomy.head(feather)), fill=lit(colour, 0.86 + 0.1 * turn))


def paint_eye(draw, individual: Individual, colours, anatomy: BirdShape) -> None:
    """Draw the ring where the species has one, iris, pupil and the catch-light."""
    centre = anatomy.head([(0.36, -0.1)])[0]
    unit = anatomy.head.scale

    def disc(x: float, y: float, radius: float, fill: Colour) -> None:
        at, r = centre + np.array([x, y]) * unit, radius * unit
        draw.ellipse((*(at - r), *(at + r)), fill=fill)

    ringed = individual.species.eyering
    disc(
        0,
        0,
        0.33 if ringed else 0.215,
        colours["eyering"] if ringed else mix(colours["cheek"], (0, 0, 0), 0.45),
    )
    disc(0, 0, 0.185, colours["eye"])
    disc(0, 0, 0.13, (16, 14, 18))
    disc(0.055, -0.065, 0.058, (255, 255, 255))
    disc(-0.05, 0.07, 0.028, (150, 160, 175))
