"""What a model is shown of an image: its box where it has one, in RGB, not too large."""

import math

from PIL import Image

from fieldmarks.core.errors import DataError, one_line
from fieldmarks.core.pictures.decoding import Decoding, size_of, to_rgb
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.data.image_file import open_image

#: Longest side that is shown, in pixels.
SIDE = 768
#: Of a box, that is shown around it.
MARGIN = 0.1
_UPRIGHT = Decoding(alpha="white", orientation="upright")
_STORED = Decoding(alpha="white")


class UnreadableError(DataError):
    """An image file cannot be decoded."""


def picture_of(dataset: Dataset, x: int, side: int = SIDE) -> Image.Image:
    """Return image x as a model is shown it, at most ``side`` pixels long.

    Raises
    ------
    UnreadableError
        If the file cannot be decoded.
    """
    bbox = dataset.bbox(x)
    is_boxed = bbox is not None and all(map(math.isfinite, bbox))
    # boxes are in pixels as stored
    decoding = _STORED if is_boxed else _UPRIGHT
    try:
        with open_image(dataset.path(x)) as file:
            size = size_of(file, decoding)
            image = to_rgb(file, decoding)
    except Exception as error:
        # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error and more
        path = dataset.images["path"].iloc[x]
        raise UnreadableError(f"{path} cannot be read: {one_line(error)}") from None
    if bbox is not None and is_boxed:
        image = image.crop(_around(bbox, size))
    image.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return image


def _around(bbox: tuple[float, ...], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of a box with its margin, inside the picture."""
    left, top, width, height = bbox
    margin = MARGIN * max(width, height)
    right = min(math.ceil(left + width + margin), size[0])
    bottom = min(math.ceil(top + height + margin), size[1])
    left, top = max(math.floor(left - margin), 0), max(math.floor(top - margin), 0)
    is_inside = left < right and top < bottom
    return (left, top, right, bottom) if is_inside else (0, 0, *size)
