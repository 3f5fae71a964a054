"""Colours by the names that people give them, and how they vary from bird to bird.

A field mark is named by a word ("rufous"), a bird shows one shade of it. ``shade`` draws that
shade, so that a word covers a small cloud of colours, and neighbouring clouds nearly touch.
"""

import colorsys

import numpy as np

Colour = tuple[int, int, int]

#: Typical RGB of each colour word, in [0, 255].
PALETTE: dict[str, Colour] = {
    "black": (38, 36, 42),
    "white": (243, 241, 236),
    "grey": (138, 146, 156),
    "brown": (116, 84, 58),
    "rufous": (176, 88, 44),
    "buff": (216, 186, 142),
    "yellow": (244, 206, 52),
    "orange": (240, 138, 40),
    "red": (208, 46, 44),
    "pink": (232, 142, 148),
    "blue": (50, 112, 194),
    "green": (74, 148, 70),
    "olive": (128, 132, 66),
    "purple": (124, 74, 156),
}


def shade(word: str, rng: np.random.Generator, spread: float) -> Colour:
    """Draw the shade that one individual shows of a colour word.

    Parameters
    ----------
    word : str
        A key of `PALETTE`.
    rng : numpy.random.Generator
        Source of the variation.
    spread : float
        Standard deviation of the hue in turns; saturation and value vary four times as much.

    Returns
    -------
    tuple of int
        RGB in [0, 255].
    """
    hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in PALETTE[word]))
    hue = (hue + rng.normal(0, spread)) % 1
    saturation = np.clip(saturation * (1 + rng.normal(0, 4 * spread)), 0, 1)
    value = np.clip(value * (1 + rng.normal(0, 4 * spread)), 0, 1)
    red, green, blue = (
        round(255 * channel) for channel in colorsys.hsv_to_rgb(hue, saturation, value)
    )
    return red, green, blue


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Return ``a`` with the given share of ``b`` in it.

    >>> mix((0, 0, 0), (200, 100, 50), 0.5)
    (100, 50, 25)
    """
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def lit(colour: Colour, factor: float) -> Colour:
    """Return the colour under ``factor`` times the light, clipped to [0, 255].

    >>> lit((100, 200, 10), 1.5)
    (150, 255, 15)
    """
    red, green, blue = (min(255, round(channel * factor)) for channel in colour)
    return red, green, blue
