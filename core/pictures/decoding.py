"""From an opened image file to RGB: the one place that decides what RGB cannot hold.

Transparency, the camera's orientation tag and more than 8 bits a channel are read in ways that
differ from program to program, and some networks see grey pictures only. The input of a network
must be what it was trained on, so each is a named choice. The defaults are those of
``Image.open(file).convert("RGB")``, which torchvision's ImageFolder does.
"""

from dataclasses import dataclass, fields

import numpy as np
from PIL import Image, ImageOps

#: Transparent pixels: their stored colour, or laid on a colour.
ALPHAS = {"drop": None, "grey": (128, 128, 128), "white": (255, 255, 255)}
#: Pixels as stored, or turned as the camera was held (EXIF).
ORIENTATIONS = ("stored", "upright")
#: What is white where a channel has more than 8 bits: 255 (higher values too), 1.0, 4095, 65535.
DEPTHS = {"clip": 255.0, "unit": 1.0, "12": 4095.0, "16": 65535.0}
#: Colours as they are, or the luminance of each pixel in all three channels, as torchvision's
#: Grayscale and Pillow's "L" give it.
COLOURS = ("rgb", "grey")
#: EXIF's tag for how the camera was held, and its values for a picture on its side.
_ORIENTATION, _ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)


@dataclass(frozen=True)
class Decoding:
    """What is made of pixels that RGB of 8 bits cannot hold.

    Parameters
    ----------
    alpha : str
        One of `ALPHAS`.
    orientation : str
        One of `ORIENTATIONS`.
    depth : str
        One of `DEPTHS`; only for grey images of 16 bits, integers of 32 bits and floats.
    colours : str
        One of `COLOURS`.
    """

    alpha: str = "drop"
    orientation: str = "stored"
    depth: str = "clip"
    colours: str = "rgb"

    @property
    def is_known(self) -> bool:
        """Whether each value is one of those above."""
        known = {"alpha": ALPHAS, "orientation": ORIENTATIONS, "depth": DEPTHS, "colours": COLOURS}
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return all(isinstance(v, str) and v in known[name] for name, v in values.items())


#: What torchvision's ImageFolder does.
IMAGE_FOLDER = Decoding()


def size_of(image: Image.Image, decoding: Decoding) -> tuple[int, int]:
    """Return width and height of a picture as it will be decoded; nothing is decoded."""
    is_turned = decoding.orientation == "upright"
    if is_turned and image.getexif().get(_ORIENTATION) in _ON_ITS_SIDE:
        return image.height, image.width
    return image.size


def is_deep(image: Image.Image) -> bool:
    """Return whether a channel of an image has more than 8 bits once it is opened."""
    return image.mode.startswith(("I", "F"))


def affected(image: Image.Image) -> list[str]:
    """Return which choices matter for a decoded image: "alpha", "orientation", "depth".

    An alpha channel without a transparent pixel does not count.
    """
    is_tagged = image.getexif().get(_ORIENTATION, 1) in range(2, 9)
    matters = {"alpha": _is_transparent(image), "orientation": is_tagged, "depth": is_deep(image)}
    return [name for name, does in matters.items() if does]


def _has_alpha(image: Image.Image) -> bool:
    return "transparency" in image.info or image.mode in ("LA", "PA", "RGBA", "La", "RGBa")


def _is_transparent(image: Image.Image) -> bool:
    if not _has_alpha(image) or is_deep(image):
        return False
    with_alpha = image if "A" in image.getbands() else image.convert("RGBA")
    return int(np.asarray(with_alpha.getchannel("A")).min()) < 255


def to_rgb(image: Image.Image, decoding: Decoding = IMAGE_FOLDER) -> Image.Image:
    """Return an opened image as RGB.

    Parameters
    ----------
    image : PIL.Image
    decoding : Decoding

    Returns
    -------
    PIL.Image of `size_of`, RGB
    """
    image = _in_colour(image, decoding)
    return image if decoding.colours == "rgb" else image.convert("L").convert("RGB")


def _in_colour(image: Image.Image, decoding: Decoding) -> Image.Image:
    if decoding.orientation == "upright":
        image = ImageOps.exif_transpose(image)
    if is_deep(image):
        return _eight_bits(image, decoding.depth)
    colour = ALPHAS[decoding.alpha]
    if colour is not None and _has_alpha(image):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (*colour, 255)), image)
    if image.mode == "RGB":
        image.load()
        return image
    # the palette's entry for transparency; Pillow warns of it and then drops it, too
    image.info.pop("transparency", None)
    return image.convert("RGB")


def _eight_bits(image: Image.Image, depth: str) -> Image.Image:
    if depth == "clip":
        return image.convert("RGB")
    white = DEPTHS[depth]
    values = np.nan_to_num(np.asarray(image, np.float32)).clip(0, white) * (255 / white)
    return Image.fromarray(values.round().astype(np.uint8)).convert("RGB")
