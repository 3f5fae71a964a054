"""What a network was trained to be fed: normalisation, size, crop and interpolation."""

import math
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TypeVar

from fieldmarks.core.errors import DataError, brief, one_line
from fieldmarks.core.input_file import is_regular, read_json
from fieldmarks.core.pictures.crop import CROPS, INTERPOLATIONS
from fieldmarks.core.pictures.decoding import Decoding
from fieldmarks.precompute.network.settings import CHOICES, MAX_INPUT, NetworkSettings

#: Normalisations of RGB in [0, 1]: torchvision's, and the [-1, 1] of networks from TensorFlow.
NORMALISATIONS = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}
#: Pillow's numbers, as transformers writes them.
_RESAMPLE = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
_CHANNELS = CHOICES["channels"]
#: ConvNeXt's processor of transformers: its share, and the side from which it squeezes.
_CONVNEXT_SHARE, _SQUEEZED_FROM = 224 / 256, 384


#: `Preprocessing`, or `CompletePreprocessing`.
Stated = TypeVar("Stated", bound="Preprocessing")


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes the network's input; None where nothing is said.

    Parameters
    ----------
    mean, std : tuple of 3 float
        Normalisation of RGB in [0, 1].
    input_size : int
        Side of the square input in pixels.
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
        blue either way.
    """

    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    input_size: int | None = None
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
        return Decoding(**{name: value for name, value in values.items() if value is not None})

    def over(self, other: Stated) -> Stated:
        """Return this, with what it leaves open taken from another; complete if the other is."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(other, **{name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True)
class CompletePreprocessing(Preprocessing):
    """How an image becomes the network's input, with nothing left open; see `Preprocessing`."""

    mean: tuple[float, ...] = NORMALISATIONS["imagenet"][0]
    std: tuple[float, ...] = NORMALISATIONS["imagenet"][1]
    input_size: int = 224
    crop: str = "box"
    crop_share: float = 1.0
    interpolation: str = "bilinear"
    alpha: str = Decoding.alpha
    orientation: str = Decoding.orientation
    depth: str = Decoding.depth
    channels: str = "rgb"


def checked(fed: CompletePreprocessing, source: str) -> CompletePreprocessing:
    """Return what is complete if all of it can be meant.

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
            type(fed.input_size) is int and 1 <= fed.input_size <= MAX_INPUT
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
            raise DataError(f"{source} says how images are fed: expected {expected}")
    return fed


#: Where neither weights nor flags say anything.
DEFAULT = CompletePreprocessing()


def of_flags(settings: NetworkSettings, input_size: int | None) -> Preprocessing:
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
    """Return how images are fed where they are resized to ``resize`` before they are cut.

    Raises
    ------
    DataError
        If that is smaller than the input.
    """
    if resize is None:
        return fed
    if resize < fed.input_size:
        raise DataError(
            f"--resize is at least the network's input of {fed.input_size} pixels, got {resize}"
        )
    return replace(fed, crop_share=fed.input_size / resize)


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


def of_timm(config: dict) -> Preprocessing:
    """Return what timm's configuration of a network says, see ``timm.data.create_transform``."""
    interpolation = config.get("interpolation")
    size = int(config["input_size"][-1])
    share = float(config.get("crop_pct") or 1.0)
    return Preprocessing(
        tuple(config["mean"]),
        tuple(config["std"]),
        size,
        {"squash": "squeeze", "border": "whole"}.get(str(config.get("crop_mode"))),
        min(1.0, size / math.floor(size / share)),
        interpolation if interpolation in _RESAMPLE.values() else None,
    )


def of_hf(folder: Path, config: dict | None = None) -> Preprocessing:
    """Return what the image processor of transformers in a folder does.

    Parameters
    ----------
    folder : Path
        Holds ``preprocessor_config.json``; where it does not, nothing is said.
    config : dict, optional
        The processor's settings with its class's defaults; what the file says if not given.

    Raises
    ------
    DataError
        If the file is no JSON object.
    """
    path = folder / "preprocessor_config.json"
    if not is_regular(path):
        return Preprocessing()
    is_complete = config is not None
    found = config or read_json(path, "a file of JSON")
    if not isinstance(found, dict):
        raise DataError(f"{path} is no JSON object")
    try:
        return _of_processor(found, is_complete)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError) as error:
        raise DataError(f"{path} does not say how images are fed ({one_line(error)})") from None


def _of_processor(config: dict, is_complete: bool) -> Preprocessing:
    kind = str(config.get("image_processor_type") or config.get("feature_extractor_type") or "")
    crop, size, share = _hf_crop(config, kind)
    # of all that a class does, what it does not name it does not do
    mean, std = _hf_normalisation({"do_normalize": not is_complete, **config})
    is_turned = config.get("do_flip_channel_order") or config.get("do_flip_channels")
    return Preprocessing(
        mean,
        std,
        size,
        crop,
        share,
        _RESAMPLE.get(config.get("resample", -1)),
        channels="bgr" if is_turned else None,
    )


def _hf_crop(config: dict, kind: str) -> tuple[str | None, int | None, float]:
    """Return crop, side of the input and share of a processor's resizing and cropping."""
    stated, cut = config.get("size"), _side(config.get("crop_size"))
    side = _side(stated)
    is_shorter = "shortest_edge" in stated if isinstance(stated, dict) else _is_of_shorter(kind)
    if kind.startswith("ConvNext") and side is not None:
        if side >= _SQUEEZED_FROM:
            return "squeeze", side, 1.0
        return "centre-floor", side, side / int(side / (config.get("crop_pct") or _CONVNEXT_SHARE))
    is_cut = bool(config.get("do_center_crop")) and cut is not None
    share = config.get("crop_pct") if is_cut else None
    if kind.startswith("Levit") and side is not None:
        share = (cut or side) / int(side * 256 / 224)
    elif share is None and is_cut and cut and side:
        share = cut / side
    crop = None if side is None else "centre-floor" if is_shorter else "squeeze"
    return crop, cut if is_cut else side, min(1.0, share) if share else 1.0


def _is_of_shorter(kind: str) -> bool:
    """Return whether a size that is a bare number is that of the shorter side; else of both."""
    return kind.startswith(("CLIP", "ConvNext", "Levit", "MobileNet", "PoolFormer"))


def _hf_normalisation(
    config: dict,
) -> tuple[tuple[float, ...] | None, tuple[float, ...] | None]:
    """Return mean and deviation of RGB in [0, 1] that come to what a processor computes."""
    means, stds = (0.0,) * 3, (1.0,) * 3
    if config["do_normalize"]:
        means, stds = config.get("image_mean"), config.get("image_std")
        if not means or not stds:
            return None, None
        if config.get("include_top"):  # EfficientNet's divides by the deviation twice
            stds = [s * s for s in stds]
    # v * factor - offset, normalised, for v in 0 to 255
    factor = config.get("rescale_factor") or 1 / 255
    factor = factor if config.get("do_rescale", True) else 1.0
    offset = 1.0 if config.get("rescale_offset") and config.get("do_rescale", True) else 0.0
    scale = 255 * factor
    if math.isclose(scale, 1.0) and not offset:
        return tuple(means), tuple(stds)
    return tuple((m + offset) / scale for m in means), tuple(s / scale for s in stds)


def _side(size) -> int | None:
    if isinstance(size, dict):
        size = size.get("height") or size.get("shortest_edge")
    return int(size) if size else None
