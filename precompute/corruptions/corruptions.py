"""Natural corruptions at five strengths, after ImageNet-C.

Blur, noise and JPEG take the strengths of Hendrycks and Dietterich (Benchmarking neural network
robustness to common corruptions and perturbations, ICLR 2019), for pictures of 224 pixels; blur is
scaled to other sizes. Colour fades to grey, which the benchmark has only beside oversaturation.
"""

import io

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from fieldmarks.core.corruptions.record import BLUR, COLOUR, CORRUPTIONS, JPEG, NOISE

#: Standard deviation of blur in pixels of 224, standard deviation of noise in [0, 1], share of
#: colour that is left, JPEG quality.
STRENGTHS: dict[str, tuple[float, ...]] = {
    BLUR: (1, 2, 3, 4, 6),
    NOISE: (0.08, 0.12, 0.18, 0.26, 0.38),
    COLOUR: (0.75, 0.5, 0.3, 0.15, 0.0),
    JPEG: (25, 18, 15, 10, 7),
}
LEVELS = 5
_SIZE = 224


def corrupt(pixels: np.ndarray, kind: str, level: int, rng: np.random.Generator) -> np.ndarray:
    """Return a corrupted image.

    Parameters
    ----------
    pixels : ndarray of shape (S, S, 3), uint8
    kind : str
        One of `core.corruptions.record.CORRUPTIONS`.
    level : int
        Of strength, 1 to 5.
    rng : Generator
        Of the noise.

    Raises
    ------
    ValueError
        If there is no such kind or level.
    """
    if kind not in CORRUPTIONS or not 1 <= level <= LEVELS:
        raise ValueError(f"no corruption {kind!r} of level {level}")
    strength, image = STRENGTHS[kind][level - 1], Image.fromarray(pixels)
    if kind == NOISE:
        noisy = pixels / 255 + rng.normal(size=pixels.shape, scale=strength)
        return (255 * np.clip(noisy, 0, 1)).round().astype(np.uint8)
    if kind == BLUR:
        radius = strength * pixels.shape[0] / _SIZE
        return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)))
    if kind == COLOUR:
        return np.asarray(ImageEnhance.Color(image).enhance(strength))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(strength))
    with Image.open(buffer) as saved:
        return np.asarray(saved.convert("RGB"))
