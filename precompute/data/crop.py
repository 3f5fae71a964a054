"""The part of an image file that the network reads, and keypoints in it."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from fieldmarks.core.errors import one_line
from fieldmarks.core.pictures.crop import FILL, Box, Crop, Size, cut_out, frame, sides
from fieldmarks.core.pictures.decoding import affected, is_deep, size_of
from fieldmarks.core.run.contract import UNREADABLE
from fieldmarks.precompute.data.image_file import FORMATS, MAX_PIXELS, open_image
from fieldmarks.precompute.network.preprocessing import DEFAULT, Preprocessing


@dataclass(frozen=True)
class LoadedCrop:
    """What is fed of an image file.

    Parameters
    ----------
    image : PIL.Image of the size that is fed, RGB
    crop : Crop
    original_size : tuple of 2 int
        Width and height in pixels as decoded, (0, 0) where the file gives none.
    affected : list of str
        Choices that matter for this file, see `core.pictures.decoding.affected`.
    """

    image: Image.Image
    crop: Crop
    original_size: tuple[int, int]
    affected: list[str]


def load_square(
    path: str | Path,
    bbox: Box | None,
    size: Size,
    fed: Preprocessing = DEFAULT,
) -> LoadedCrop:
    """Decode an image and crop it to the network's input.

    Never raises for a bad file: it returns a grey square whose ``Crop.problem`` says why.

    Parameters
    ----------
    path : str or Path
    bbox : tuple of 4 float, or None
        Left, top, width, height in pixels as decoded: of the stored pixels unless the decoding
        turns them upright.
    size : Size
        Of the input in pixels.
    fed : Preprocessing
    """
    original_size, decoding = (0, 0), fed.decoding
    try:
        with open_image(path) as image:
            original_size = size_of(image, decoding)
            share = fed.crop_share or 1.0
            crop = frame(*original_size, bbox, fed.crop or "box", share, size)
            is_grey = image.mode in ("1", "L", "LA") or is_deep(image)
            is_grey &= decoding.colours == "rgb"
            matters = affected(image)
            pixels = cut_out(image, crop, size, fed.interpolation, decoding)
    except Exception as error:
        # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error and more
        reason = _reason(error)
        side = float(max(*original_size, 1))
        crop = Crop(0.0, 0.0, side, f"{UNREADABLE}: {reason.replace(str(path), Path(path).name)}")
        rows, columns = sides(size)
        grey = Image.new("RGB", (columns, rows), FILL)
        return LoadedCrop(grey, crop, original_size, [])
    if is_grey:
        crop = replace(crop, problem="; ".join(filter(None, ["grey image", crop.problem])))
    return LoadedCrop(pixels, crop, original_size, matters)


def load_crop(
    path: str | Path, bbox: Box | None, size: Size, fed: Preprocessing = DEFAULT
) -> tuple[Image.Image, Crop, tuple[int, int]]:
    """Return image, crop and original size of `load_square`."""
    loaded = load_square(path, bbox, size, fed)
    return loaded.image, loaded.crop, loaded.original_size


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
    inside = (np.asarray(parts, np.float64) - (crop.top, crop.left)) / (crop.rows, crop.side)
    is_outside = ((inside < 0) | (inside > 1)).any(axis=1)
    inside[is_outside] = np.nan
    return inside.astype(np.float32)
