"""The preprocessing of a network's training: normalisation, size, crop and interpolation."""

import math
from dataclasses import dataclass, fields, replace
from typing import TypeVar

from fieldmarks.core.errors import DataError, brief
from fieldmarks.core.pictures.crop import CROPS, INTERPOLATIONS, Size, sides, size_of_sides
from fieldmarks.core.pictures.decoding import Decoding
from fieldmarks.precompute.network.settings import CHOICES, MAX_INPUT, NetworkSettings

#: Normalisations of RGB in [0, 1]: torchvision's, and the [-1, 1] of networks from TensorFlow.
NORMALISATIONS = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}
#: Of grey pictures: those of the digits that everybody begins with, and of ImageNet.
GREY = {
    "mnist": ((0.1307,) * 3, (0.3081,) * 3),
    "imagenet": ((0.449,) * 3, (0.226,) * 3),
    "half": NORMALISATIONS["half"],
}
_CHANNELS = CHOICES["channels"]


#: `Preprocessing`, or `CompletePreprocessing`.
Stated = TypeVar("Stated", bound="Preprocessing")


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes the network's input; None where nothing is said.

    Parameters
    ----------
    mean, std : tuple of 3 float
        Normalisation of RGB in [0, 1].
    input_size : Size
        Of the input in pixels; the shapes below are squares unless it says otherwise.
    crop : str
        "box": a square around the bounding box, the whole image where there is none. "centre": the
        square in the middle, as torchvision rounds; "centre-floor": as transformers does. "whole":
        all of the image, filled with grey to a square. "squeeze": all of the image, resized to a
        square whatever its shape.
    crop_share : float
        Side of the input as a share of the side that the image is resized to before the square in
        the middle is cut out, in (0, 1], see `core.pictures.crop.frame`.
    interpolation : str
        "nearest", "bilinear", "bicubic" or "lanczos".
    alpha, orientation, depth : str
        See `core.pictures.decoding.Decoding`.
    channels : str
        Order in which the network takes them, "rgb" or "bgr"; mean and std are of red, green and
        blue either way. "grey": the luminance, in all three channels or in the only one.
    """

    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    input_size: Size | None = None
    crop: str | None = None
    crop_share: float | None = None
    interpolation: str | None = None
    alpha: str | None = None
    orientation: str | None = None
    depth: str | None = None
    channels: str | None = None

    @property
    def decoding(self) -> Decoding:
        """How image files become RGB; what is open as torchvision's ImageFolder does it."""
        names = ("alpha", "orientation", "depth")
        values = {name: getattr(self, name) for name in names}
        given = {name: value for name, value in values.items() if value is not None}
        return Decoding(**given, colours="grey" if self.channels == "grey" else "rgb")

    def over(self, other: Stated) -> Stated:
        """Return this, with what it leaves open taken from another; complete if the other is."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(other, **{name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True)
class CompletePreprocessing(Preprocessing):
    """How an image becomes the network's input, with nothing left open; see `Preprocessing`."""

    mean: tuple[float, ...] = NORMALISATIONS["imagenet"][0]
    std: tuple[float, ...] = NORMALISATIONS["imagenet"][1]
    input_size: Size = 224
    crop: str = "box"
    crop_share: float = 1.0
    interpolation: str = "bilinear"
    alpha: str = Decoding.alpha
    orientation: str = Decoding.orientation
    depth: str = Decoding.depth
    channels: str = "rgb"


def checked(fed: CompletePreprocessing, source: str) -> CompletePreprocessing:
    """Return the preprocessing if it is complete and valid.

    Raises
    ------
    DataError
        If a value is none that images can be fed by; the message names it and where it is from.
    """
    normalisation = (fed.mean, fed.std)
    are_numbers = all(
        isinstance(values, tuple)
        and len(values) == 3
        and all(isinstance(v, int | float) and abs(v) < 1e3 for v in values)
        for values in normalisation
    )
    wrong = {
        f"an input of 1 to {MAX_INPUT:,} pixels a side, got {brief(fed.input_size)}": not (
            _is_size(fed.input_size)
        ),
        f"mean and deviation of red, green and blue, got {brief(normalisation)}": not (
            are_numbers and min(fed.std) > 0
        ),
        f"a crop among {', '.join(CROPS)}, got {brief(fed.crop)}": fed.crop not in CROPS,
        f"a share above 0 and at most 1 as crop_share, got {brief(fed.crop_share)}": not (
            isinstance(fed.crop_share, int | float) and 0 < fed.crop_share <= 1
        ),
        f"an interpolation among {', '.join(INTERPOLATIONS)}, got {brief(fed.interpolation)}": (
            fed.interpolation not in INTERPOLATIONS
        ),
        "an alpha, orientation and depth that are known, got "
        f"{brief((fed.alpha, fed.orientation, fed.depth))}": not fed.decoding.is_known,
        f"channels among {', '.join(_CHANNELS)}, got {brief(fed.channels)}": (
            fed.channels not in _CHANNELS
        ),
    }
    for expected, is_wrong in wrong.items():
        if is_wrong:
            raise DataError(f"{source} defines the preprocessing: expected {expected}")
    return fed


def _is_size(size: object) -> bool:
    values = size if isinstance(size, tuple) else (size, size)
    return len(values) == 2 and all(type(v) is int and 1 <= v <= MAX_INPUT for v in values)


#: Where neither weights nor flags say anything.
DEFAULT = CompletePreprocessing()


def of_flags(settings: NetworkSettings, input_size: Size | None) -> Preprocessing:
    """Return what the command line says, all but ``--resize``, see `resized`."""
    return Preprocessing(
        settings.mean,
        settings.std,
        input_size,
        settings.crop,
        None,
        settings.interpolation,
        settings.alpha,
        settings.orientation,
        settings.depth,
        settings.channels,
    )


def resized(fed: CompletePreprocessing, resize: int | None) -> CompletePreprocessing:
    """Return the preprocessing in which images are resized to ``resize`` before they are cut.

    Raises
    ------
    DataError
        If that is smaller than the input.
    """
    if resize is None:
        return fed
    least = min(sides(fed.input_size))
    if resize < least:
        raise DataError(f"--resize is at least the network's input of {least} pixels, got {resize}")
    return replace(fed, crop_share=least / resize)


def of_torchvision(weights) -> Preprocessing:
    """Return what torchvision's published weights were made with."""
    transforms = weights.transforms()
    size, resized = transforms.crop_size[0], transforms.resize_size[0]
    return Preprocessing(
        tuple(transforms.mean),
        tuple(transforms.std),
        size,
        None,
        min(1.0, size / resized),
        str(transforms.interpolation.value),
    )


#: What timm calls crops; of its crop in the middle of a picture that covers an input of another
#: height than width there is none here.
_CROPS_OF_TIMM = {"squash": "squeeze", "border": "whole"}


def of_timm(config: dict) -> Preprocessing:
    """Return what timm's configuration of a network says, see ``timm.data.create_transform``."""
    interpolation = config.get("interpolation")
    size = size_of_sides(*map(int, config["input_size"][-2:]))
    least, share = min(sides(size)), float(config.get("crop_pct") or 1.0)
    mean, std = (tuple(v) * (3 if len(v) == 1 else 1) for v in (config["mean"], config["std"]))
    return Preprocessing(
        mean,
        std,
        size,
        _CROPS_OF_TIMM.get(
            str(config.get("crop_mode")), None if isinstance(size, int) else "squeeze"
        ),
        min(1.0, least / math.floor(least / share)),
        interpolation if interpolation in INTERPOLATIONS else None,
    )
