"""Heatmaps as pictures: a transparent layer for the browser to lay over an image, or both blended.

The layer is small (the browser enlarges it smoothly) and its opacity is the browser's business, so
moving a slider costs the server nothing. Colours are Inferno's, even in lightness and readable for
the colour-blind; cold places are transparent, so that the bird stays visible.
"""

import io
from functools import lru_cache

import numpy as np
from PIL import Image
from plotly.colors import sample_colorscale, unlabel_rgb

#: Points per axis of a layer; more would not be seen, feature maps have 7 to 14.
LAYER_SIZE = 56
#: Width and height of what stands for a thumbnail that cannot be decoded.
_NO_PHOTO = (224, 224)


@lru_cache(maxsize=1)
def colour_table() -> np.ndarray:
    """Return the colours of heat 0 to 1, ndarray of shape (256, 4), RGBA bytes."""
    stops = sample_colorscale("Inferno", np.linspace(0.12, 1, 256).tolist())
    rgb = np.array([unlabel_rgb(stop) for stop in stops])
    alpha = 255 * np.clip(np.linspace(0, 1, 256) * 1.6, 0, 1)
    return np.column_stack([rgb, alpha]).round().astype(np.uint8)


def colourise(heatmap: np.ndarray) -> np.ndarray:
    """Return a heatmap of shape (H, W), in [0, 1], as RGBA bytes of shape (H, W, 4)."""
    return colour_table()[(np.clip(heatmap, 0, 1) * 255).astype(np.uint8)]


def layer(heatmap: np.ndarray) -> bytes:
    """Return a heatmap of shape (H, W), in [0, 1], as a transparent PNG."""
    return _png(colourise(heatmap))


def spotlight(heatmap: np.ndarray, level: float = 0.5) -> bytes:
    """Return a layer that darkens all but the part of a heatmap above ``level``, as a PNG.

    The activated region keeps its own colours, which a heatmap would cover.
    """
    shade = np.clip((level + 0.08 - heatmap) / 0.16, 0, 1)
    pixels = np.zeros((*heatmap.shape, 4), np.uint8)
    pixels[..., 3] = (235 * shade).astype(np.uint8)
    return _png(pixels)


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def decoded(photo: bytes) -> Image.Image:
    """Return a JPEG or PNG as RGB, a grey square where its bytes are damaged or something else.

    Pillow hands some formats to programs of the system, so the one that is expected is named.
    """
    try:
        with Image.open(io.BytesIO(photo), formats=["JPEG", "PNG"]) as image:
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError):
        return Image.new("RGB", _NO_PHOTO, (128, 128, 128))


def jpeg(image: Image.Image, quality: int = 88) -> bytes:
    """Return a picture as JPEG bytes."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def blend(photo: bytes, heatmap: np.ndarray, opacity: float = 0.65) -> bytes:
    """Return the image with the heatmap over it.

    Parameters
    ----------
    photo : bytes
        An encoded image.
    heatmap : ndarray of shape (H, W), in [0, 1]
    opacity : float
        Of the hottest place, in [0, 1].

    Returns
    -------
    bytes
        A JPEG of the image's size.
    """
    base = decoded(photo)
    over = Image.fromarray(colourise(heatmap)).resize(base.size, Image.Resampling.BICUBIC)
    mask = over.getchannel("A").point(lambda a: a * opacity)
    base.paste(over.convert("RGB"), mask=mask)
    return jpeg(base)


def side_by_side(pictures: list[bytes]) -> bytes:
    """Return pictures of one height side by side as one JPEG."""
    images = list(map(decoded, pictures))
    width = sum(image.width for image in images)
    sheet = Image.new("RGB", (width, max(image.height for image in images)))
    left = 0
    for image in images:
        sheet.paste(image, (left, 0))
        left += image.width
    return jpeg(sheet)


def active_box(heatmap: np.ndarray, level: float = 0.5) -> tuple[float, float, float]:
    """Return the square around the part of a heatmap above ``level`` that holds the peak.

    Returns
    -------
    top, left, side : float
        In the unit square; at least a quarter of it, so that the surroundings are recognised.
    """
    size = heatmap.shape[0]
    peak = np.unravel_index(heatmap.argmax(), heatmap.shape)
    spans = []
    for axis, at in enumerate(peak):
        hot = (heatmap >= level * heatmap.max()).any(axis=1 - axis)
        low = high = int(at)
        while low > 0 and hot[low - 1]:
            low -= 1
        while high < size - 1 and hot[high + 1]:
            high += 1
        spans.append((low / size, (high + 1) / size))
    side = min(1.0, max(0.25, *(high - low for low, high in spans)) * 1.15)
    starts = [min(max((low + high - side) / 2, 0), 1 - side) for low, high in spans]
    return starts[0], starts[1], side


def crop(photo: bytes, box: tuple[float, float, float], size: int = 150) -> bytes:
    """Return a part of an image of its own shape, enlarged or reduced, as a JPEG.

    Parameters
    ----------
    photo : bytes
        An encoded image.
    box : tuple of float
        Top, left and side in the unit square.
    size : int
        Of the longer side in pixels.
    """
    image = decoded(photo)
    scale = size / max(image.size)
    top, left, side = box
    corners = (
        left * image.width,
        top * image.height,
        (left + side) * image.width,
        (top + side) * image.height,
    )
    buffer = io.BytesIO()
    sides = round(scale * image.width), round(scale * image.height)
    image.resize(sides, Image.Resampling.BICUBIC, box=corners).save(buffer, "JPEG", quality=82)
    return buffer.getvalue()


def crop_heatmap(heatmap: np.ndarray, box: tuple[float, float, float]) -> np.ndarray:
    """Return the part of a heatmap inside a box."""
    size = heatmap.shape[0]
    top, left, side = box
    row, col, n = round(top * size), round(left * size), max(1, round(side * size))
    return heatmap[row : row + n, col : col + n]
