"""Square crop around the bounding box, the input of the network: geometry and decoding.

Training, activations and thumbnails share this module, so that heatmaps align with the pixels of
the network's input. The side of the square is the longer side of the box; pixels outside the image
are filled with grey.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from core.errors import one_line
from core.runs.contract import UNREADABLE
from precompute.datasets.image_file import FORMATS, MAX_PIXELS, open_image
from precompute.network.preprocessing import DEFAULT, Preprocessing

#: Past the edge of the image; nearly zero after normalisation, so that it says nothing.
FILL = (128, 128, 128)
#: Decode at a reduced JPEG scale only while the crop keeps this many pixels for each one needed.
_OVERSAMPLING = 2.0


@dataclass(frozen=True)
class Crop:
    """A square in pixels of the original image; ``left`` and ``top`` may be negative.

    ``problem`` says what was wrong with the box or the file, empty for nothing; it begins with
    ``contract.UNREADABLE`` where the image is only a grey square.
    """

    left: float
    top: float
    side: float
    problem: str = ""


def square_crop(
    width: int, height: int, bbox: tuple[float, float, float, float] | None, margin: float = 0.0
) -> Crop:
    """Return the square around a box.

    Parameters
    ----------
    width, height : int
        Of the image, pixels.
    bbox : tuple of 4 float, or None
        Left, top, width, height. It is clipped to the image; a box without finite numbers, without
        area or wholly outside gives the whole image, and so does None.
    margin : float
        Added on each side, as a share of the square's side.

    >>> square_crop(100, 80, (10, 20, 40, 20))
    Crop(left=10.0, top=10.0, side=40.0, problem='')
    """
    if bbox is None:
        side = float(max(width, height))
        return Crop((width - side) / 2, (height - side) / 2, side)
    left, top, box_width, box_height = bbox
    problem = ""
    right, bottom = left + box_width, top + box_height
    clipped = max(left, 0.0), max(top, 0.0), min(right, width), min(bottom, height)
    if not all(math.isfinite(value) for value in bbox):
        clipped, problem = (0.0, 0.0, width, height), "no bounding box, used whole"
    elif clipped[2] - clipped[0] < 1 or clipped[3] - clipped[1] < 1:
        clipped, problem = (0.0, 0.0, width, height), "bounding box outside the image, used whole"
    elif max(-left, -top, right - width, bottom - height) > 1:
        problem = "bounding box past the edge, clipped"
    left, top, right, bottom = clipped
    side = max(right - left, bottom - top) * (1 + 2 * margin)
    return Crop(
        left=float((left + right - side) / 2),
        top=float((top + bottom - side) / 2),
        side=float(side),
        problem=problem,
    )


def frame(
    width: int, height: int, bbox: tuple[float, float, float, float] | None, fed: Preprocessing
) -> Crop:
    """Return the square that a network is fed.

    Parameters
    ----------
    width, height : int
        Of the image, pixels.
    bbox : tuple of 4 float
        Left, top, width, height; asked only for the crop "box".
    fed : Preprocessing

    >>> frame(100, 80, (0, 0, 1, 1), Preprocessing(crop="centre", crop_share=0.5))
    Crop(left=30.0, top=20.0, side=40.0, problem='')
    >>> frame(100, 80, (0, 0, 1, 1), Preprocessing(crop="whole"))
    Crop(left=0.0, top=-10.0, side=100.0, problem='')
    """
    if fed.crop == "box":
        return square_crop(width, height, bbox)
    is_whole = fed.crop == "whole"
    side = float(max(width, height)) if is_whole else min(width, height) * (fed.crop_share or 1.0)
    return Crop((width - side) / 2, (height - side) / 2, side)


def load_crop(
    path: str | Path,
    bbox: tuple[float, float, float, float] | None,
    size: int,
    fed: Preprocessing = DEFAULT,
) -> tuple[Image.Image, Crop, tuple[int, int]]:
    """Decode an image and cut the square around its box.

    Never raises for a bad file: it returns a grey square whose ``Crop.problem`` says why. The EXIF
    orientation is ignored, because boxes and parts are given in the pixels as stored.

    Returns
    -------
    image : PIL.Image of size x size, RGB
    crop : Crop
    original_size : tuple of 2 int
        Width and height in pixels, (0, 0) where the file gives none.
    """
    original_size = (0, 0)
    try:
        with open_image(path) as image:
            original_size = image.size
            crop = frame(*original_size, bbox, fed)
            reduced = size * _OVERSAMPLING / crop.side
            if reduced < 1:
                width, height = original_size
                image.draft(None, (math.ceil(width * reduced), math.ceil(height * reduced)))
            is_grey = image.mode in ("1", "L", "LA", "I;16", "I", "F")
            pixels = _cut(_to_rgb(image), crop, original_size, size, fed.interpolation)
    except Exception as error:
        # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error and more
        reason = _reason(error)
        side = float(max(*original_size, 1))
        crop = Crop(0.0, 0.0, side, f"{UNREADABLE}: {reason.replace(str(path), Path(path).name)}")
        return Image.new("RGB", (size, size), FILL), crop, original_size
    if is_grey:
        problem = "; ".join(filter(None, ["grey image", crop.problem]))
        crop = Crop(crop.left, crop.top, crop.side, problem)
    return pixels, crop, original_size


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"more than {MAX_PIXELS // 10**6} megapixels, make it smaller"
    if isinstance(error, UnidentifiedImageError):
        return f"cannot identify image file, none of {', '.join(FORMATS)}"
    return one_line(error)


def parts_in_crop(parts: np.ndarray, crop: Crop) -> np.ndarray:
    """Return keypoints in the unit square of the crop, NaN where outside it.

    Parameters
    ----------
    parts : ndarray of shape (P, 2)
        Row and column in pixels of the original.

    Returns
    -------
    ndarray of shape (P, 2)
        Row and column in [0, 1], float32.
    """
    inside = (np.asarray(parts, np.float64) - (crop.top, crop.left)) / crop.side
    is_outside = ((inside < 0) | (inside > 1)).any(axis=1)
    inside[is_outside] = np.nan
    return inside.astype(np.float32)


def _to_rgb(image: Image.Image) -> Image.Image:
    """Decode as RGB: transparent pixels become the fill, 16 bits become 8."""
    if image.mode.startswith(("I", "F")):
        deep = np.asarray(image, np.float32)
        image = Image.fromarray((deep * (255 / max(deep.max(), 255))).astype(np.uint8))
    if "transparency" in image.info or image.mode in ("LA", "PA", "RGBA"):
        image = image.convert("RGBA")
        opaque = Image.new("RGBA", image.size, (*FILL, 255))
        image = Image.alpha_composite(opaque, image)
    return image.convert("RGB")


def _cut(
    image: Image.Image,
    crop: Crop,
    original_size: tuple[int, int],
    size: int,
    interpolation: str | None,
) -> Image.Image:
    """Cut and resize the square from an image that may have been decoded at a reduced scale."""
    scale_x, scale_y = (now / was for now, was in zip(image.size, original_size, strict=True))
    left, right = crop.left * scale_x, (crop.left + crop.side) * scale_x
    top, bottom = crop.top * scale_y, (crop.top + crop.side) * scale_y
    if left < 0 or top < 0 or right > image.width or bottom > image.height:
        x0, y0 = math.floor(left), math.floor(top)
        canvas = Image.new("RGB", (math.ceil(right) - x0, math.ceil(bottom) - y0), FILL)
        canvas.paste(image, (-x0, -y0))
        image, left, right, top, bottom = canvas, left - x0, right - x0, top - y0, bottom - y0
    box = (left, top, min(right, image.width), min(bottom, image.height))
    resampling = Image.Resampling[(interpolation or "bilinear").upper()]
    return image.resize((size, size), resampling, box=box, reducing_gap=3.0)
