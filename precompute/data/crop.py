"""The square of an image file that the network is fed, and keypoints in it."""

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from fieldmarks.core.errors import one_line
from fieldmarks.core.pictures.crop import FILL, Box, Crop, cut_out, frame
from fieldmarks.core.run.contract import UNREADABLE
from fieldmarks.precompute.data.image_file import FORMATS, MAX_PIXELS, open_image
from fieldmarks.precompute.network.preprocessing import DEFAULT, Preprocessing


def load_crop(
    path: str | Path,
    bbox: Box | None,
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
            crop = frame(*original_size, bbox, fed.crop or "box", fed.crop_share or 1.0)
            is_grey = image.mode in ("1", "L", "LA", "I;16", "I", "F")
            pixels = cut_out(image, crop, size, fed.interpolation)
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
