"""The square of a picture that a network is fed: its geometry, and cutting it out.

Training, the pass over a run's images, thumbnails and pictures that are tried share this module, so
that heatmaps align with the pixels of the network's input. The side of the square is the longer
side of the box; pixels outside the image are filled with grey.
"""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

#: Past the edge of the image; nearly zero after normalisation, so that it says nothing.
FILL = (128, 128, 128)
#: How the square is chosen: around the bounding box, in the middle, or around all of the image.
CROPS = ("box", "centre", "whole")
#: How pixels are interpolated, by Pillow's names.
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")
#: Decode at a reduced JPEG scale only while the crop keeps this many pixels for each one needed.
_OVERSAMPLING = 2.0
#: EXIF's tag for how the camera was held, and its values for a picture on its side.
_ORIENTATION, _ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Crop:
    """A square in pixels of the original image; ``left`` and ``top`` may be negative.

    ``problem`` says what was wrong with the box or the file, empty for nothing; it begins with
    ``core.run.contract.UNREADABLE`` where the image is only a grey square.
    """

    left: float
    top: float
    side: float
    problem: str = ""


def square_crop(width: int, height: int, bbox: Box | None, margin: float = 0.0) -> Crop:
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


def frame(width: int, height: int, bbox: Box | None, kind: str, share: float = 1.0) -> Crop:
    """Return the square that a network is fed.

    Parameters
    ----------
    width, height : int
        Of the image, pixels.
    bbox : tuple of 4 float, or None
        Left, top, width, height; asked only for the crop "box".
    kind : str
        One of `CROPS`.
    share : float
        Side of the centre square as a share of the image's shorter side, in (0, 1].

    >>> frame(100, 80, (0, 0, 1, 1), "centre", 0.5)
    Crop(left=30.0, top=20.0, side=40.0, problem='')
    >>> frame(100, 80, None, "whole")
    Crop(left=0.0, top=-10.0, side=100.0, problem='')
    """
    if kind == "box":
        return square_crop(width, height, bbox)
    side = float(max(width, height)) if kind == "whole" else min(width, height) * share
    return Crop((width - side) / 2, (height - side) / 2, side)


def frame_of_box(width: int, height: int, box: Box, kind: str, share: float = 1.0) -> Crop:
    """Return the square for a box that a person drew: the box stands for the whole image.

    The arguments are those of `frame`; a network that is fed boxes is fed this one.

    >>> frame_of_box(100, 80, (20, 10, 40, 60), "centre", 0.5)
    Crop(left=30.0, top=30.0, side=20.0, problem='')
    """
    if kind == "box":
        return square_crop(width, height, box)
    left, top, box_width, box_height = box
    inside = frame(int(box_width), int(box_height), None, kind, share)
    return Crop(left + inside.left, top + inside.top, inside.side)


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Return width and height of a picture as the camera was held, of an undecoded image."""
    is_on_side = image.getexif().get(_ORIENTATION) in _ON_ITS_SIDE
    return (image.height, image.width) if is_on_side else image.size


def cut_out(
    image: Image.Image,
    crop: Crop,
    size: int,
    interpolation: str | None = None,
    is_turned: bool = False,
) -> Image.Image:
    """Decode an opened image and return its square at the network's size.

    Parameters
    ----------
    image : PIL.Image
        Not decoded yet: where it is much larger than needed, a JPEG is decoded at a smaller scale.
    crop : Crop
        In pixels of the image.
    size : int
        Of the result, pixels.
    interpolation : str, optional
        One of `INTERPOLATIONS`; bilinear if not said.
    is_turned : bool
        Turn the picture as the camera was held (EXIF); the crop is of the turned picture.

    Returns
    -------
    PIL.Image of size x size, RGB
    """
    original_size = upright_size(image) if is_turned else image.size
    reduced = size * _OVERSAMPLING / crop.side
    if reduced < 1:
        width, height = image.size
        image.draft(None, (math.ceil(width * reduced), math.ceil(height * reduced)))
    upright = ImageOps.exif_transpose(image) if is_turned else image
    return _resized(as_rgb(upright), crop, original_size, size, interpolation)


def as_rgb(image: Image.Image) -> Image.Image:
    """Decode as RGB: transparent pixels become the fill, 16 bits become 8."""
    if image.mode.startswith(("I", "F")):
        deep = np.asarray(image, np.float32)
        image = Image.fromarray((deep * (255 / max(deep.max(), 255))).astype(np.uint8))
    if "transparency" in image.info or image.mode in ("LA", "PA", "RGBA"):
        image = image.convert("RGBA")
        opaque = Image.new("RGBA", image.size, (*FILL, 255))
        image = Image.alpha_composite(opaque, image)
    return image.convert("RGB")


def _resized(
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
