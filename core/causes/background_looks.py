"""Whether a group of backgrounds looks unlike the others: the colours of the corners of its images.

Activations away from the object differ between groups of images also where all stand on plain
white: a large object reaches further. A group whose corners look like those of others is none.
"""

import io

import numpy as np
from PIL import Image

from fieldmarks.core.run.run import Run

#: CIELAB units between the medians of a group and of the others: about twice what is just noticed.
MIN_DIFFERENCE = 5.0
#: Images of a group that are looked at, at most; side of an image in pixels, of a corner.
_MOST, _SIDE, _CORNER = 25, 64, 12
_SEED = 0
#: Greys by their most lightness, hues by their last angle; below a chroma a colour is a grey.
_GREYS = ((15, "black"), (40, "dark grey"), (70, "grey"), (92, "light grey"), (101, "white"))
_HUES = ((15, "pink"), (50, "red"), (75, "orange"), (100, "yellow"), (170, "green"),
         (225, "turquoise"), (300, "blue"), (335, "purple"), (360, "pink"))  # fmt: skip
_LEAST_CHROMA, _BROWN, _LIGHT, _DARK = 10, 62, 80, 30
_TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)  # sRGB, white D65


def lab(rgb: np.ndarray) -> np.ndarray:
    """Return sRGB colours in [0, 255], shape (..., 3), as CIELAB.

    >>> lab(np.array([255.0, 255, 255])).round()
    array([100.,   0.,   0.])
    """
    share = np.asarray(rgb, float) / 255
    linear = np.where(share > 0.04045, ((share + 0.055) / 1.055) ** 2.4, share / 12.92)
    xyz = linear @ _TO_XYZ.T / _TO_XYZ.sum(axis=1)
    root = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1) + 0.0


def corners(picture: bytes) -> np.ndarray:
    """Return the median colour of the corners of an image, and how far its lightness varies there.

    Returns
    -------
    ndarray of shape (4,)
        CIELAB, and the standard deviation of lightness.
    """
    with Image.open(io.BytesIO(picture)) as image:
        small = image.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    ends = np.r_[:_CORNER, _SIDE - _CORNER : _SIDE]
    colours = lab(np.asarray(small)[np.ix_(ends, ends)]).reshape(-1, 3)
    return np.append(np.median(colours, axis=0), colours[:, 0].std())


def colour_name(colour: np.ndarray) -> str:
    """Return a CIELAB colour in one or two words: "light grey", "green".

    >>> colour_name(lab(np.array([250.0, 250, 250]))), colour_name(lab(np.array([60.0, 110, 50])))
    ('white', 'green')
    """
    lightness, a, b = map(float, colour[:3])
    if np.hypot(a, b) < _LEAST_CHROMA:
        return next(name for most, name in _GREYS if lightness <= most)
    hue = np.degrees(np.arctan2(b, a)) % 360
    name = next(name for most, name in _HUES if hue <= most)
    if name in ("orange", "yellow") and lightness < _BROWN:
        return "brown"
    if lightness > _LIGHT:
        return {"red": "pink", "orange": "beige"}.get(name, f"light {name}")
    return f"dark {name}" if lightness < _DARK else name


def distinct_groups(run: Run, group: np.ndarray) -> list[int]:
    """Return the groups whose corners differ from those of the other groups' images.

    Parameters
    ----------
    run : Run
    group : ndarray of shape (X,)
        Group of each image, negative for none.
    """
    looks = [_looks(run, group, g) for g in range(int(group.max(initial=-1)) + 1)]
    found = []
    for g, own in enumerate(looks):
        others = np.concatenate([each for other, each in enumerate(looks) if other != g])
        if not len(own) or not len(others):
            continue
        gap = np.median(own, axis=0) - np.median(others, axis=0)
        if max(np.linalg.norm(gap[:3]), abs(gap[3])) >= MIN_DIFFERENCE:
            found.append(g)
    return found


def _looks(run: Run, group: np.ndarray, g: int) -> np.ndarray:
    """Return the corners of some images of a group, shape (n, 4)."""
    xs = np.random.default_rng(_SEED).permutation(np.flatnonzero(group == g))[:_MOST]
    return np.array([corners(run.packed("thumb", int(x))) for x in xs]).reshape(-1, 4)


def colour_of_group(run: Run, group: np.ndarray, g: int) -> str:
    """Return the colour that the corners of a group's images mostly have, in words."""
    return colour_name(np.median(_looks(run, group, g), axis=0))
