"""What a person says about a network on the command line; torch is not needed to hold it."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fieldmarks.core.errors import DataError
from fieldmarks.core.pictures.crop import CROPS, INTERPOLATIONS
from fieldmarks.core.pictures.decoding import ALPHAS, DEPTHS, ORIENTATIONS

#: Choices of one of several values, by option.
CHOICES = {
    "crop": CROPS,
    "interpolation": INTERPOLATIONS,
    "alpha": tuple(ALPHAS),
    "orientation": ORIENTATIONS,
    "depth": tuple(DEPTHS),
    "channels": ("rgb", "bgr", "grey"),
}

#: Packages that networks of a kind of ``--network`` come from, beside torchvision's.
PACKAGES = {"timm": "timm", "hf": "transformers"}
#: Files that hold a network: ONNX, exported programs, TorchScript.
GRAPHS = (".onnx", ".pt2", ".pt", ".pth", ".ts", ".torchscript")
#: No network is fed larger images, in pixels a side: the largest published one takes 800.
MAX_INPUT = 1024
#: What a network computes in: `AUTO` chooses by the device, and by what changes.
AUTO = "auto"
PRECISIONS = (AUTO, "float32", "bfloat16")


@dataclass(frozen=True)
class NetworkSettings:
    """The arguments for the network and its preprocessing.

    Parameters
    ----------
    source : str, optional
        ``torchvision:NAME``, ``timm:NAME``, ``hf:NAME`` or ``hf:FOLDER``,
        ``package.module:function``, ``file.py:function`` or a file of `GRAPHS`; None for the
        architecture that a checkpoint of ``train`` names.
    args : tuple of str
        For the function: values, or ``name=value``.
    weights_key : str, optional
        Which of several weights in a file, see `precompute.network.weights`.
    mean, std : tuple of 3 float, optional
        Normalisation of RGB in [0, 1]; one number stands for all three.
    crop : str, optional
        One of `CROPS`.
    interpolation : str, optional
        One of `INTERPOLATIONS`.
    resize : int, optional
        Side that images are resized to before the square in the middle is cut out.
    alpha, orientation, depth, channels : str, optional
        See `precompute.network.preprocessing.Preprocessing`.
    classes : str, optional
        A file with one class a line in the order of the class scores, or ``natural``: the data
        set's classes in natural order (2 before 10).
    layer : str, optional
        The layer whose maps are explained.
    keep_order : bool
        Go on where another order of the classes fits the training images better.

    Raises
    ------
    DataError
        If a value is not one of those.
    """

    source: str | None = None
    args: tuple[str, ...] = ()
    weights_key: str | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    crop: str | None = None
    interpolation: str | None = None
    resize: int | None = None
    alpha: str | None = None
    orientation: str | None = None
    depth: str | None = None
    channels: str | None = None
    classes: str | None = None
    layer: str | None = None
    keep_order: bool = False

    def __post_init__(self):
        for option, known in CHOICES.items():
            value = getattr(self, option)
            if value is not None and value not in known:
                raise DataError(f"--{option} is one of {', '.join(known)}, got {value!r}")
        for option in ("mean", "std"):
            value = getattr(self, option)
            if value is not None and len(value) == 1:  # of a network that sees grey
                value = value * 3
                object.__setattr__(self, option, value)
            if value is not None and (len(value) != 3 or not all(abs(v) < 1e3 for v in value)):
                raise DataError(
                    f"--{option} is three numbers, for red, green and blue in [0, 1], or one"
                )
        if self.std is not None and not all(v > 0 for v in self.std):
            raise DataError(f"--std is three numbers above 0, got {self.std}")
        if self.args and self.source is None:
            raise DataError("--network-args are for the function that --network names")

    @classmethod
    def from_plain(cls, plain: dict) -> "NetworkSettings":
        """Return the settings that a manifest holds as JSON values."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()
        }
        return cls(**values)

    @property
    def runs_code(self) -> bool:
        """Whether the source is a function of the user's and not of a well-known package."""
        kind, separator, _ = (self.source or "").partition(":")
        return bool(separator) and self.graph is None and kind not in ("torchvision", "timm", "hf")

    @property
    def graph(self) -> Path | None:
        """The file that holds the network, None where something else names it."""
        path = Path(self.source or "")
        return path if path.suffix.lower() in GRAPHS and ":" not in path.name else None

    @property
    def own_code(self) -> Path | None:
        """The user's file of Python, None where the network does not come from one."""
        path = Path((self.source or "").rpartition(":")[0])
        return path if path.suffix == ".py" else None


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the network and its preprocessing."""
    add = parser.add_argument_group("network").add_argument
    add(
        "--network",
        metavar="SOURCE",
        help="torchvision:NAME, timm:NAME, hf:NAME of the hub or hf:FOLDER, "
        "package.module:function or file.py:function (its code is run), or a file of ONNX, an "
        "exported program (.pt2) or TorchScript; default: as the checkpoint of 'train' says",
    )
    add(
        "--network-args",
        nargs="+",
        default=[],
        metavar="ARG",
        help="arguments of the function: values, or name=value",
    )
    add(
        "--weights-key",
        metavar="KEY",
        help="for a file that holds several weights: student, teacher, model_ema, "
        "state_dict.ema (default: a moving average or teacher that fits the network, else any "
        "that fits)",
    )
    add(
        "--mean",
        nargs="+",
        type=float,
        metavar="R G B",
        help="mean of RGB in [0, 1], or one number",
    )
    add(
        "--std",
        nargs="+",
        type=float,
        metavar="R G B",
        help="standard deviation of RGB, or one number",
    )
    add(
        "--crop",
        choices=CROPS,
        help="box: a square around the bounding box; centre: the square in the middle; "
        "centre-floor: the same as transformers rounds it; whole: all of the image, filled to a "
        "square; squeeze: all of it, resized to a square as Resize((s, s)) does (default: as the "
        "network says, else box where there are boxes, else centre)",
    )
    add(
        "--resize",
        type=int,
        metavar="PIXELS",
        help="size before the centre crop: 256 for Resize(256) and CenterCrop(224) (default: as "
        "the network says, else the input size)",
    )
    add("--interpolation", choices=INTERPOLATIONS, help="default: as the network says")
    add(
        "--alpha",
        choices=CHOICES["alpha"],
        help="transparency: drop it, as convert('RGB') of torchvision's ImageFolder does, or "
        "put the picture on grey or white (default: drop)",
    )
    add(
        "--orientation",
        choices=ORIENTATIONS,
        help="stored: pixels as stored, as ImageFolder reads them; upright: rotated by the EXIF "
        "tag, boxes then refer to the rotated picture (default: stored)",
    )
    add(
        "--depth",
        choices=CHOICES["depth"],
        help="the value of white in pictures of more than 8 bits: clip: 255 and all above, as "
        "convert('RGB') has it; unit: 1.0; 12: 4095; 16: 65535 (default: clip)",
    )
    add(
        "--channels",
        choices=CHOICES["channels"],
        help="channel order of the network, or grey pictures (default: rgb; grey for a network "
        "of one input channel)",
    )


def network_of(args: argparse.Namespace) -> NetworkSettings:
    """Return what a command line says of the network."""
    return NetworkSettings(
        source=args.network,
        args=tuple(args.network_args),
        weights_key=args.weights_key,
        mean=tuple(args.mean) if args.mean else None,
        std=tuple(args.std) if args.std else None,
        crop=args.crop,
        interpolation=args.interpolation,
        resize=args.resize,
        alpha=args.alpha,
        orientation=args.orientation,
        depth=args.depth,
        channels=args.channels,
        classes=getattr(args, "classes", None),
        layer=getattr(args, "layer", None),
        keep_order=getattr(args, "keep_class_order", False),
    )
