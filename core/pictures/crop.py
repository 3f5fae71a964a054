"""The part of a picture that a network reads: its geometry, and cutting it out.

It is a square unless the input of the network has another height than width.

Training, the pass over a run's images, thumbnails and pictures that are tried share this module, so
that heatmaps align with the pixels of the network's input. What torchvision's transforms cut out of
a whole picture (``Resize`` and ``CenterCrop``) is cut out to the same pixel. Pixels outside the
image are filled with grey; no canvas is larger than the network's input needs.
"""

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from PIL import Image

from fieldmarks.core.pictures.decoding import IMAGE_FOLDER, Decoding, to_rgb

#: Past the edge of the image; nearly zero after normalisation, so that it says nothing.
FILL = (128, 128, 128)
#: How the square is chosen: around the bounding box, in the middle (where an odd number of pixels
#: is left over, as torchvision rounds or as transformers does), around all of the image, or all of
#: the image squeezed to a square.
CROPS = ("box", "centre", "centre-floor", "whole", "squeeze")
#: How pixels are interpolated, by Pillow's names.
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")
#: A resized picture has at most so many times the pixels of the network's input; of a longer one
#: only the part that is fed is resized.
_LARGEST_CANVAS = 16

Box = tuple[float, float, float, float]
#: Pixels of an input: the side of a square, or height and width.
Size = int | tuple[int, int]


def sides(size: Size) -> tuple[int, int]:
    """Return height and width.

    >>> sides(224), sides((192, 256))
    ((224, 224), (192, 256))
    """
    return (size, size) if isinstance(size, int) else size


def size_of_sides(height: int, width: int) -> Size:
    """Return height and width as one number where they are equal."""
    return height if height == width else (height, width)


def stated_size(stated: object) -> Size:
    """Return the size that a manifest states: a number, or a list of height and width.

    Raises
    ------
    ValueError
        If it is none.

    >>> stated_size(224), stated_size([192, 256])
    (224, (192, 256))
    """
    pair = stated if isinstance(stated, list | tuple) else [stated] * 2
    found = [side for side in pair if type(side) is int and side > 0]
    if not len(pair) == len(found) == 2:
        raise ValueError(f"{stated!r} is no size")
    return size_of_sides(*found)


def in_words(size: Size) -> str:
    """Return a size as it is written on the command line.

    >>> in_words(224), in_words((192, 256))
    ('224', '192x256')
    """
    return str(size) if isinstance(size, int) else "x".join(map(str, size))


@dataclass(frozen=True)
class Grid:
    """The part that is fed as pixels of the resized picture.

    Parameters
    ----------
    width, height : int
        That the whole picture is resized to.
    left, top : int
        Of the part; negative where it is padded.
    size : Size
        Of the part.
    """

    width: int
    height: int
    left: int
    top: int
    size: Size


@dataclass(frozen=True)
class Crop:
    """What is fed, in pixels of the original image; ``left`` and ``top`` may be negative.

    ``problem`` says what was wrong with the box or the file, empty for nothing; it begins with
    ``core.run.contract.UNREADABLE`` where the image is only a grey square. ``height`` differs from
    ``side``, the width, where the image is squeezed or the input no square (None: the same).
    ``grid`` is there where the picture is resized before it is cut.
    """

    left: float
    top: float
    side: float
    problem: str = ""
    height: float | None = None
    grid: Grid | None = None

    @property
    def rows(self) -> float:
        """Height in pixels of the original image."""
        return self.side if self.height is None else self.height


#: A number, or an array of one for each image.
Number = TypeVar("Number", float, np.ndarray)


def crop_rows(side: Number, crop: str, size: Size, picture: tuple[Number, Number]) -> Number:
    """Return the height of a crop in pixels of the original image.

    Parameters
    ----------
    side : float or ndarray
        Its width.
    crop : str
        One of `CROPS`.
    size : Size
        Of the network's input.
    picture : tuple of float or ndarray
        Width and height of the image.
    """
    rows, columns = sides(size)
    width, height = picture
    return side * height / width if crop == "squeeze" else side * (rows / columns)


def square_crop(
    width: int, height: int, bbox: Box | None, margin: float = 0.0, size: Size = 1
) -> Crop:
    """Return the square around a box, or the part of the shape of ``size``.

    Parameters
    ----------
    width, height : int
        Of the image, pixels.
    bbox : tuple of 4 float, or None
        Left, top, width, height. It is clipped to the image; a box without finite numbers, without
        area or wholly outside gives the whole image, and so does None.
    margin : float
        Added on each side, as a share of the square's side.
    size : Size
        Of the network's input.

    >>> square_crop(100, 80, (10, 20, 40, 20))
    Crop(left=10.0, top=10.0, side=40.0, problem='', height=None, grid=None)
    """
    rows, columns = sides(size)
    if bbox is None:
        side, high = _around(width, height, rows / columns)
        return Crop((width - side) / 2, (height - (high or side)) / 2, side, height=high)
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
    wide, high = ((end - start) * (1 + 2 * margin) for start, end in ((left, right), (top, bottom)))
    side, high = _around(wide, high, rows / columns)
    return Crop(
        left=float((left + right - side) / 2),
        top=float((top + bottom - (high or side)) / 2),
        side=side,
        problem=problem,
        height=high,
    )


def _around(width: float, height: float, shape: float) -> tuple[float, float | None]:
    """Return width and height, None for a square, of what holds a box and is as high as wide."""
    side = float(max(width, height / shape))
    return side, None if shape == 1 else side * shape


def frame(
    width: int, height: int, bbox: Box | None, kind: str, share: float = 1.0, size: Size = 224
) -> Crop:
    """Return the part that a network reads.

    Parameters
    ----------
    width, height : int
        Of the image, pixels.
    bbox : tuple of 4 float, or None
        Left, top, width, height; asked only for the crop "box".
    kind : str
        One of `CROPS`.
    share : float
        Side of the network's input as a share of the side that the picture is resized to before it
        is cut, in (0, 1]; for "centre" that is its shorter side, for "squeeze" both. Of an input
        that is no square the shorter side counts.
    size : Size
        Of the network's input in pixels.

    >>> crop = frame(100, 80, None, "centre", 0.5, 20)  # Resize(40), CenterCrop(20)
    >>> crop.left, crop.top, crop.side, crop.grid
    (30.0, 20.0, 40.0, Grid(width=50, height=40, left=15, top=10, size=20))
    >>> frame(100, 80, None, "whole", size=50).grid
    Grid(width=50, height=40, left=0, top=-5, size=50)
    """
    if kind == "box":
        return square_crop(width, height, bbox, size=size)
    rows, columns = sides(size)
    if kind == "squeeze":
        high, wide = (math.floor(side / share + 1e-6) for side in (rows, columns))
    elif kind == "whole":
        longer = max(width / columns, height / rows)
        wide, high = (max(1, round(side / longer)) for side in (width, height))
    else:
        resized = math.floor(min(rows, columns) / share + 1e-6)
        # as torchvision's Resize of one number: the shorter side is it, the longer rounded down
        shorter = min(width, height)
        wide, high = (
            resized if side == shorter else int(resized * side / shorter)
            for side in (width, height)
        )
    rounded = math.floor if kind == "centre-floor" else round
    grid = Grid(wide, high, rounded((wide - columns) / 2), rounded((high - rows) / 2), size)
    across, down = width / wide, height / high
    if kind == "whole":
        # of rounding nothing is left but what the picture itself lacks
        across = down = max(width / columns, height / rows)
        left, top = (width - columns * across) / 2, (height - rows * down) / 2
    else:
        left, top = grid.left * across, grid.top * down
    return Crop(left, top, columns * across, height=rows * down, grid=grid)


def frame_of_box(
    width: int, height: int, box: Box, kind: str, share: float = 1.0, size: Size = 224
) -> Crop:
    """Return what is fed for a box that a person drew: the box stands for the whole image.

    The arguments are those of `frame`; a network that is fed boxes is fed this one.

    >>> crop = frame_of_box(100, 80, (20, 10, 40, 60), "centre", 0.5)
    >>> crop.left, crop.top, crop.side
    (30.0, 30.0, 20.0)
    """
    if kind == "box":
        return square_crop(width, height, box, size=size)
    left, top, box_width, box_height = box
    if box == (0, 0, width, height):
        return frame(width, height, None, kind, share, size)
    inside = frame(max(1, int(box_width)), max(1, int(box_height)), None, kind, share, size)
    return Crop(left + inside.left, top + inside.top, inside.side, height=inside.height)


def cut_out(
    image: Image.Image,
    crop: Crop,
    size: Size,
    interpolation: str | None = None,
    decoding: Decoding = IMAGE_FOLDER,
) -> Image.Image:
    """Decode an opened image and return what is fed of it at the network's size.

    Parameters
    ----------
    image : PIL.Image
    crop : Crop
        In pixels of the image as it is decoded, see `core.pictures.decoding.size_of`.
    size : Size
        Of the result, pixels.
    interpolation : str, optional
        One of `INTERPOLATIONS`; bilinear if not said.
    decoding : Decoding

    Returns
    -------
    PIL.Image of that size, RGB
    """
    resampling = Image.Resampling[(interpolation or "bilinear").upper()]
    picture, grid = to_rgb(image, decoding), crop.grid
    limit = _LARGEST_CANVAS * math.prod(sides(size))
    if grid is not None and grid.size == size and grid.width * grid.height <= limit:
        resized = picture.resize((grid.width, grid.height), resampling)
        return _placed(resized, -grid.left, -grid.top, size)
    return _cut(picture, crop, size, resampling)


def _cut(image: Image.Image, crop: Crop, size: Size, resampling: Image.Resampling) -> Image.Image:
    """Resize the part of the image inside the crop to its place in it; the rest is filled."""
    spans = []
    rows, columns = sides(size)
    for start, length, end, n in (
        (crop.left, crop.side, image.width, columns),
        (crop.top, crop.rows, image.height, rows),
    ):
        first, last = max(start, 0.0), min(start + length, float(end))
        if last <= first:
            return Image.new("RGB", (columns, rows), FILL)
        # a part of less than half a pixel still has one
        low = min(round((first - start) / length * n), n - 1)
        high = max(round((last - start) / length * n), low + 1)
        spans.append((first, last, low, high))
    (left, right, x0, x1), (top, bottom, y0, y1) = spans
    part = image.resize((x1 - x0, y1 - y0), resampling, box=(left, top, right, bottom))
    return _placed(part, x0, y0, size)


def _placed(image: Image.Image, left: int, top: int, size: Size) -> Image.Image:
    """Return a picture with an image at (left, top), filled where it does not reach."""
    rows, columns = sides(size)
    if (left, top, image.width, image.height) == (0, 0, columns, rows):
        return image
    if left <= 0 and top <= 0 and image.width + left >= columns and image.height + top >= rows:
        return image.crop((-left, -top, columns - left, rows - top))
    picture = Image.new("RGB", (columns, rows), FILL)
    picture.paste(image, (left, top))
    return picture
