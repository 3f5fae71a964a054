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


def distinct_groups(run: Run, group: np.ndarray) -> list[int]:
    """Return the groups whose corners differ from those of the other groups' images.

    Parameters
    ----------
    run : Run
    group : ndarray of shape (X,)
        Group of each image, negative for none.
    """
    rng, looks = np.random.default_rng(_SEED), []
    for g in range(int(group.max(initial=-1)) + 1):
        xs = rng.permutation(np.flatnonzero(group == g))[:_MOST]
        looks.append(np.array([corners(run.packed("thumb", int(x))) for x in xs]).reshape(-1, 4))
    found = []
    for g, own in enumerate(looks):
        others = np.concatenate([each for other, each in enumerate(looks) if other != g])
        if not len(own) or not len(others):
            continue
        gap = np.median(own, axis=0) - np.median(others, axis=0)
        if max(np.linalg.norm(gap[:3]), abs(gap[3])) >= MIN_DIFFERENCE:
            found.append(g)
    return found
