"""Compare a library's own transform with the preprocessing here.

A configuration is read by its field names, and a library may do more than these define. So two
pictures are preprocessed by both, and differences are reported.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image

from fieldmarks.core.pictures.crop import cut_out, frame, sides
from fieldmarks.precompute.network.preprocessing import DEFAULT, Preprocessing
from fieldmarks.precompute.network.settings import MAX_INPUT

#: Pictures are wider than high and higher than wide, as shares of the network's input.
_SIDES = ((2.1, 1.4), (1.3, 1.9))
#: Levels of 256 that rounding makes: on numbers in place of pixels, before or after resizing.
_ROUNDING = 2.5


def unlike(
    transform: Callable[[Image.Image], np.ndarray], said: Preprocessing, name: str
) -> list[str]:
    """Return sentences on how a transform differs from the preprocessing.

    Parameters
    ----------
    transform : callable
        From a picture to the network's input, (3, h, w).
    said : Preprocessing
        What was read of the library's configuration.
    name : str
        What the transform is called in the message.
    """
    fed = said.over(Preprocessing(crop="centre")).over(DEFAULT)
    rows, columns = sides(fed.input_size)
    if max(rows, columns) > MAX_INPUT:
        return []  # refused by its size
    mean, std = (np.array(values)[:, None, None] for values in (fed.mean, fed.std))
    for width, height in ((int(wide * columns), int(high * rows)) for wide, high in _SIDES):
        image = _picture(width, height)
        try:
            theirs = np.asarray(transform(image), float)
        except Exception:
            # the library's own code; pictures that it does not take tell nothing
            return []
        is_grey = theirs.shape[:1] == (1,)
        if theirs.shape != (1 if is_grey else 3, rows, columns):
            across = " x ".join(map(str, theirs.shape[:0:-1]))
            told = (
                f"{name} makes {across} pixels from a picture of {width} x {height}, but the "
                f"network gets {columns} x {rows} here: predictions will differ from those of "
                f"{name}"
            )
            return [told]
        crop = frame(width, height, None, fed.crop, fed.crop_share, fed.input_size)
        decoding = replace(fed.decoding, colours="grey" if is_grey else fed.decoding.colours)
        ours = np.asarray(
            cut_out(image, crop, fed.input_size, fed.interpolation, decoding)
        ).transpose(2, 0, 1)
        theirs = theirs[::-1] if fed.channels == "bgr" else theirs
        levels = float(np.abs(255 * (theirs * std + mean) - ours).max())
        if not levels <= _ROUNDING:
            told = (
                f"{name} gives other pixels than the preprocessing here, by up to {levels:.0f} "
                f"of 255 on a picture of {width} x {height}: predictions may differ"
            )
            return [told]
    return []


def _picture(width: int, height: int) -> Image.Image:
    """Return coarse noise with edges, the same each time."""
    pixels = np.random.default_rng(0).integers(0, 256, (9, 11, 3), np.uint8)
    rows, columns = np.arange(height) * 9 // height, np.arange(width) * 11 // width
    return Image.fromarray(pixels[rows][:, columns])
