"""Degradations of a picture: what a bad camera, a bad file or something in the way makes of it."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy.ndimage import uniform_filter1d

DEGRADATIONS = ("blur", "colour cast", "noise", "low resolution")
#: Kinds that no threshold was chosen on.
OTHER_DEGRADATIONS = ("JPEG blocks", "motion blur", "occlusion", "exposure")


def degrade(
    image: Image.Image, kind: str, strength: float, rng: np.random.Generator
) -> Image.Image:
    """Return the picture as a bad camera would have taken it; ``strength`` in [0, 1]."""
    if kind == "blur":
        return image.filter(ImageFilter.GaussianBlur(1.5 + 4.5 * strength))
    if kind == "JPEG blocks":
        packed = io.BytesIO()
        image.save(packed, "JPEG", quality=round(12 - 9 * strength))
        return Image.open(packed).convert("RGB")
    if kind == "occlusion":
        return _occluded(image, strength, rng)
    if kind == "low resolution":
        shrunk = [max(8, round(side / (4 + 8 * strength))) for side in image.size]
        return image.resize(shrunk, Image.Resampling.BOX).resize(
            image.size, Image.Resampling.BILINEAR
        )
    pixels = np.asarray(image, dtype=np.float32)
    if kind == "noise":
        pixels = pixels + rng.normal(0, 25 + 50 * strength, pixels.shape)
    elif kind == "colour cast":
        gains = 1 + (0.15 + 0.40 * strength) * rng.permutation([1.0, -0.2, -0.8])
        pixels = pixels * gains
    elif kind == "motion blur":
        pixels = uniform_filter1d(pixels, round(9 + 22 * strength), int(rng.integers(2)))
    elif kind == "exposure":
        pixels = pixels * 2 ** ((0.8 + 1.4 * strength) * rng.choice([-1, 1]))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _occluded(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Return the picture with a plain rectangle in front, a fifth to a half of its area."""
    covered = image.copy()
    width, height = (side * np.sqrt(0.2 + 0.3 * strength) for side in image.size)
    left, top = rng.uniform(0, image.width - width), rng.uniform(0, image.height - height)
    colour = tuple(int(value) for value in rng.integers(40, 200, 3))
    ImageDraw.Draw(covered).rectangle((left, top, left + width, top + height), fill=colour)
    return covered
