"""What a network was trained to be fed: normalisation, size, crop and interpolation."""

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TypeVar

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.network.settings import NetworkSettings

#: Normalisations of RGB in [0, 1]: torchvision's, and the [-1, 1] of networks from TensorFlow.
NORMALISATIONS = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}
#: Pillow's numbers, as transformers writes them.
_RESAMPLE = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}


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
        square in the middle. "whole": all of the image, filled with grey to a square.
    crop_share : float
        Side of the centre square as a share of the image's shorter side, in (0, 1].
    interpolation : str
        "nearest", "bilinear", "bicubic" or "lanczos".
    """

    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    input_size: int | None = None
    crop: str | None = None
    crop_share: float | None = None
    interpolation: str | None = None

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


#: Where neither weights nor flags say anything.
DEFAULT = CompletePreprocessing()


def of_flags(settings: NetworkSettings, input_size: int | None) -> Preprocessing:
    """Return what the command line says."""
    return Preprocessing(
        settings.mean, settings.std, input_size, settings.crop, None, settings.interpolation
    )


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
    """Return what timm's configuration of a network says."""
    interpolation = config.get("interpolation")
    return Preprocessing(
        tuple(config["mean"]),
        tuple(config["std"]),
        int(config["input_size"][-1]),
        None,
        float(config.get("crop_pct") or 1.0),
        interpolation if interpolation in _RESAMPLE.values() else None,
    )


def of_hf(folder: Path) -> Preprocessing:
    """Return what ``preprocessor_config.json`` says; nothing where there is none.

    Raises
    ------
    DataError
        If the file is no JSON object.
    """
    path = folder / "preprocessor_config.json"
    if not path.is_file():
        return Preprocessing()
    try:
        config = dict(json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError):
        raise DataError(f"{path} is no JSON object") from None
    resized, cut = _side(config.get("size")), _side(config.get("crop_size"))
    is_cut = bool(config.get("do_center_crop")) and cut is not None
    size = cut if is_cut else resized
    share = config.get("crop_pct")
    if share is None and is_cut and cut and resized:
        share = cut / resized
    is_normalised = config.get("do_normalize", True)
    return Preprocessing(
        tuple(config["image_mean"]) if is_normalised and "image_mean" in config else None,
        tuple(config["image_std"]) if is_normalised and "image_std" in config else None,
        size,
        None,
        min(1.0, share) if share else 1.0,
        _RESAMPLE.get(config.get("resample", -1)),
    )


def _side(size) -> int | None:
    if isinstance(size, dict):
        size = size.get("height") or size.get("shortest_edge")
    return int(size) if size else None
