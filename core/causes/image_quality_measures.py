"""Image quality of the network's input: the quality columns of the images table.

All measures are taken on the crop at the network's input size, so that images can be compared, and
do not depend on the object. Low resolution shows as low sharpness (an enlarged image has no fine
detail), in addition to the width of the crop in pixels of the original.

- sharpness: one minus the blur effect. Crete, Dolmiere, Ladret, Nicolas (2007), "The blur effect",
  doi:10.1117/12.702790: an image that is already blurred changes little when blurred again.
- light_red, light_blue: the light's colour by shades of grey, Finlayson and Trezzi (2004): the
  Minkowski mean of each channel with p = 6, between the grey world (p = 1) and the white patch
  (p = inf), as the logarithms of red and of blue over green.
- noise: Donoho and Johnstone (1994), doi:10.1093/biomet/81.3.425: median absolute value of the
  finest diagonal wavelet coefficients (Haar) over 0.6745, which is robust against edges.
- blockiness: how much of the differences between neighbouring pixels falls on the edges of JPEG's
  blocks of 8 by 8 pixels, after Wang, Bovik, Evans (2000), "Blind measurement of blocking artifacts
  in images", doi:10.1109/ICIP.2000.899622. The blocks are those of the file as it was last saved:
  of a picture that was made smaller afterwards they are not seen.
- plain_area: the largest connected area without any texture, as a share of the middle of the crop
  (half its width and height), where the object is. A thing of one colour in front of the object has
  none; sky and snow have little, too, and lie around it.
"""

import math

import numpy as np
from scipy.ndimage import label, uniform_filter1d

from fieldmarks.core.errors import DataError
from fieldmarks.core.pictures.crop import Crop

COLUMNS = (
    "sharpness", "brightness", "contrast", "light_red", "light_blue", "noise", "blockiness",
    "plain_area",
)  # fmt: skip

_LUMINANCE = np.array([0.2125, 0.7154, 0.0721], np.float32)  # Rec. 709
_BLUR_WINDOW = 11
_MINKOWSKI = 6
_NORMAL_MAD = 0.6745
_BLOCK = 8  # pixels of the file
_PLAIN = 1 / 255  # neighbours that differ by no more have no texture between them
_EDGE = 0.25  # share of a side that lies before the middle of the crop


def quality(pixels: np.ndarray, crop: Crop, size: tuple[int, int]) -> dict[str, float]:
    """Return the quality measures of one image, a value for each of `COLUMNS`.

    All are in [0, 1] but the colour of the light, which is in [-5.6, 5.6].

    Parameters
    ----------
    pixels : ndarray of shape (H, W, 3), uint8
        RGB; at least 2 x 2, of the same size for all images of a run.
    crop : Crop
        The part of the image that they show.
    size : tuple of int
        Width and height of the image in pixels.

    Raises
    ------
    DataError
        If ``pixels`` is anything else.

    >>> grey = np.full((8, 8, 3), 51, np.uint8)
    >>> values = quality(grey, Crop(0, 0, 8), (8, 8))
    >>> {name: round(value, 3) for name, value in list(values.items())[:4]}
    {'sharpness': 0.0, 'brightness': 0.2, 'contrast': 0.0, 'light_red': 0.0}
    """
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise DataError(
            f"quality is measured on uint8 pixels of shape (H, W, 3), got {pixels.dtype} of shape "
            f"{pixels.shape}: convert the image to RGB"
        )
    if min(pixels.shape[:2]) < 2:
        raise DataError(f"quality needs at least 2 x 2 pixels, got {pixels.shape}: crop less")
    luminance = pixels.astype(np.float32) @ (_LUMINANCE / 255)
    red, blue = light(pixels)
    return {
        "sharpness": sharpness(luminance),
        "brightness": min(float(luminance.mean()), 1.0),
        "contrast": float(luminance.std()),
        "light_red": red,
        "light_blue": blue,
        "noise": noise(luminance),
        "blockiness": blockiness(luminance, crop, size),
        "plain_area": plain_area(luminance, crop, size),
    }


def sharpness(luminance: np.ndarray) -> float:
    """Return 1 - blur effect of an (H, W) luminance, in [0, 1]; 0 where nothing varies.

    The blur effect of an axis is the share of neighbour differences that is left after a mean
    filter along it; the axis with more blur decides, so that motion blur is detected.
    """
    values = []
    for axis in (0, 1):
        before = np.abs(np.diff(luminance, axis=axis))
        blurred = uniform_filter1d(luminance, _BLUR_WINDOW, axis=axis)
        after = np.abs(np.diff(blurred, axis=axis))
        total = before.sum()
        lost = np.maximum(before - after, 0).sum()
        values.append(float(lost / total) if total > 1e-6 else 0.0)
    return min(values)


def light(pixels: np.ndarray) -> tuple[float, float]:
    """Return the logarithms of red and of blue over green of the light, 0 for grey light.

    Parameters
    ----------
    pixels : ndarray of shape (H, W, 3), uint8
        RGB.
    """
    # powers of 256 values instead of every pixel: an eighth of the time
    shares = [np.bincount(pixels[..., i].ravel(), minlength=256) for i in range(3)]
    shares = np.stack(shares) / pixels[..., 0].size
    mean = (shares @ (np.arange(256) / 255) ** _MINKOWSKI) ** (1 / _MINKOWSKI)
    red, green, blue = np.log(np.maximum(mean, 1 / 255))  # 0 cannot be told from less than 1
    return float(red - green), float(blue - green)


def noise(luminance: np.ndarray) -> float:
    """Return the standard deviation of pixel noise in an (H, W) luminance, in [0, 1]."""
    n_rows, n_cols = (n - n % 2 for n in luminance.shape)
    even = luminance[0:n_rows:2, 0:n_cols:2] + luminance[1:n_rows:2, 1:n_cols:2]
    odd = luminance[0:n_rows:2, 1:n_cols:2] + luminance[1:n_rows:2, 0:n_cols:2]
    return min(float(np.median(np.abs(even - odd))) / 2 / _NORMAL_MAD, 1.0)


def blockiness(luminance: np.ndarray, crop: Crop, size: tuple[int, int]) -> float:
    """Return how far pixel differences keep to the grid of JPEG's blocks, in [0, 1].

    Along each axis it is the cosine coefficient, relative to the mean, of the mean difference at
    each position, at the frequency and phase of the grid in the crop; the mean of both axes, 0
    where differences avoid the grid. Blocks of fewer than two pixels cannot be seen. What the crop
    has been filled with past the edge of the image, which lies on the grid, does not count.

    Parameters
    ----------
    luminance : ndarray of shape (H, W)
    crop : Crop
    size : tuple of int
        Width and height of the image in pixels.
    """
    shown, coefficients = _shown(luminance.shape, crop, size), []
    inside = luminance[shown]
    if min(inside.shape, default=0) < 2:
        return 0.0
    for axis, start, length in ((0, crop.top, crop.rows), (1, crop.left, crop.side)):
        pixel = length / luminance.shape[axis]  # of the file, for each one of the crop
        if pixel * 2 > _BLOCK:
            return 0.0
        profile = np.abs(np.diff(inside, axis=axis)).mean(axis=1 - axis)
        edges = start + pixel * (shown[axis].start + np.arange(1, len(profile) + 1))
        on_grid = np.cos(2 * np.pi * edges / _BLOCK)
        coefficients.append(2 * float((profile * on_grid).mean()) / max(profile.mean(), 1e-6))
    return min(max(float(np.mean(coefficients)), 0.0), 1.0)


def _shown(shape: tuple[int, ...], crop: Crop, size: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns of a crop that show the image, not what lies past its edge."""
    rows, columns = (
        slice(
            max(0, math.ceil(-start * n / length)), max(0, math.floor((end - start) * n / length))
        )
        for start, length, end, n in (
            (crop.top, crop.rows, size[1], shape[0]),
            (crop.left, crop.side, size[0], shape[1]),
        )
    )
    return rows, columns


def plain_area(luminance: np.ndarray, crop: Crop, size: tuple[int, int]) -> float:
    """Return the largest connected area without texture as a share of the middle, in [0, 1].

    What the crop has been filled with past the edge of the image does not count.

    Parameters
    ----------
    luminance : ndarray of shape (H, W)
    crop : Crop
    size : tuple of int
        Width and height of the image in pixels.
    """
    limit, is_plain = _PLAIN + 1e-6, np.zeros(luminance.shape, bool)
    shown = _shown(luminance.shape, crop, size)
    inside, plain = luminance[shown], is_plain[shown]
    plain[1:, 1:] = np.abs(np.diff(inside, axis=0))[:, 1:] <= limit
    plain[1:, 1:] &= np.abs(np.diff(inside, axis=1))[1:] <= limit
    middle = tuple(slice(round(_EDGE * n), n - round(_EDGE * n)) for n in luminance.shape)
    in_middle = label(is_plain)[0][middle]
    areas = np.bincount(in_middle.ravel())[1:]
    return float(areas.max(initial=0)) / max(in_middle.size, 1)
