"""What an image processor of transformers does to a picture, and whether it is done here, too."""

import math
from pathlib import Path

from fieldmarks.core.errors import DataError, one_line
from fieldmarks.core.input_file import is_regular, read_json
from fieldmarks.core.pictures.crop import Size, sides, size_of_sides
from fieldmarks.precompute.network.preprocessing import Preprocessing, of_timm

#: Pillow's numbers, as transformers writes them.
_RESAMPLE = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
#: ConvNeXt's processor of transformers: its share, and the side from which it squeezes.
_CONVNEXT_SHARE, _SQUEEZED_FROM = 224 / 256, 384


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
        If the file is not a JSON object.
    """
    path = folder / "preprocessor_config.json"
    if config is not None and isinstance(config.get("data_config"), dict):
        return of_timm(config["data_config"])  # a network of timm, saved by transformers
    if not is_regular(path):
        return Preprocessing()
    is_complete = config is not None
    found = config or read_json(path, "a file of JSON")
    if not isinstance(found, dict):
        raise DataError(f"{path} is not a JSON object")
    try:
        return _of_processor(found, is_complete)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError) as error:
        raise DataError(f"{path} does not define the preprocessing ({one_line(error)})") from None


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


def _hf_crop(config: dict, kind: str) -> tuple[str | None, Size | None, float]:
    """Return crop, size of the input and share of a processor's resizing and cropping."""
    stated, cut_to = config.get("size"), _size(config.get("crop_size"))
    resized_to = _size(stated)
    side, cut = (None if size is None else min(sides(size)) for size in (resized_to, cut_to))
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
    return crop, cut_to if is_cut else resized_to, min(1.0, share) if share else 1.0


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


def _size(size) -> Size | None:
    if isinstance(size, dict) and size.get("height") and size.get("width"):
        return size_of_sides(int(size["height"]), int(size["width"]))
    if isinstance(size, dict):
        size = size.get("height") or size.get("shortest_edge")
    return int(size) if size else None
