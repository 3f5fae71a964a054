"""Image quality of the network's input: the quality columns of the images table.

All measures are taken on the crop at the network's input size, so that images can be compared, and
do not depend on the object. Low resolution shows as low sharpness (an enlarged image has no fine
detail), in addition to the width of the crop in pixels of the original.

- sharpness: one minus the blur effect. Crete, Dolmiere, Ladret, Nicolas (2007), "The blur effect",
  doi:10.1117/12.702790: an image that is already blurred changes little when blurred again.
- colour_cast: the light's colour by shades of grey, Finlayson and Trezzi (2004): the Minkowski
  mean of each channel with p = 6, between the grey world (p = 1) and the white patch (p = inf).
- noise: Donoho and Johnstone (1994), doi:10.1093/biomet/81.3.425: median absolute value of the
  finest diagonal wavelet coefficients (Haar) over 0.6745, which is robust against edges.
"""

import numpy as np
from scipy.ndimage import uniform_filter1d

from core.errors import DataError

COLUMNS = ("sharpness", "brightness", "contrast", "colour_cast", "noise")

_LUMINANCE = np.array([0.2125, 0.7154, 0.0721], np.float32)  # Rec. 709
_BLUR_WINDOW = 11
_MINKOWSKI = 6
_NORMAL_MAD = 0.6745


def quality(pixels: np.ndarray) -> dict[str, float]:
    """Return the quality measures of one image, a value for each of `COLUMNS`, all in [0, 1].

    Parameters
    ----------
    pixels : ndarray of shape (H, W, 3), uint8
        RGB; at least 2 x 2, of the same size for all images of a run.

    Raises
    ------
    DataError
        If ``pixels`` is anything else.

    >>> grey = np.full((8, 8, 3), 51, np.uint8)
    >>> {name: round(value, 3) for name, value in quality(grey).items()}
    {'sharpness': 0.0, 'brightness': 0.2, 'contrast': 0.0, 'colour_cast': 0.0, 'noise': 0.0}
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
    return {
        "sharpness": sharpness(luminance),
        "brightness": min(float(luminance.mean()), 1.0),
        "contrast": float(luminance.std()),
        "colour_cast": colour_cast(pixels),
        "noise": noise(luminance),
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


def colour_cast(pixels: np.ndarray) -> float:
    """Return how far the light's colour is from grey, in [0, 1]; 1 is one pure primary.

    Parameters
    ----------
    pixels : ndarray of shape (H, W, 3), uint8
        RGB.
    """
    # powers of 256 values instead of every pixel: an eighth of the time
    shares = [np.bincount(pixels[..., i].ravel(), minlength=256) for i in range(3)]
    shares = np.stack(shares) / pixels[..., 0].size
    light = (shares @ (np.arange(256) / 255) ** _MINKOWSKI) ** (1 / _MINKOWSKI)
    return float(np.linalg.norm(light - light.mean()) / np.sqrt(2 / 3))


def noise(luminance: np.ndarray) -> float:
    """Return the standard deviation of pixel noise in an (H, W) luminance, in [0, 1]."""
    n_rows, n_cols = (n - n % 2 for n in luminance.shape)
    even = luminance[0:n_rows:2, 0:n_cols:2] + luminance[1:n_rows:2, 1:n_cols:2]
    odd = luminance[0:n_rows:2, 1:n_cols:2] + luminance[1:n_rows:2, 0:n_cols:2]
    return min(float(np.median(np.abs(even - odd))) / 2 / _NORMAL_MAD, 1.0)
