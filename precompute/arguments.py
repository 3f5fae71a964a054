"""Types of command-line arguments: a number that cannot be meant is reported at once.

An argument that several commands share is defined here once.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from fieldmarks.core.pictures.crop import Size, size_of_sides
from fieldmarks.precompute.network.settings import MAX_INPUT

#: Seeds that NumPy and PyTorch both take.
_LARGEST_SEED = 2**32 - 1


def positive(kind: type, most: float = 10**9) -> Callable:
    """Return the type of numbers above 0 and at most ``most``; ``kind`` is int or float."""

    def parse(text: str):
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"{text} is not above 0")
        if value > most:
            raise argparse.ArgumentTypeError(f"{text} is above {most:,}")
        return value

    parse.__name__ = kind.__name__
    return parse


def pixels(text: str) -> int:
    """Return the side of a network's input."""
    return positive(int, MAX_INPUT)(text)


def input_size(text: str) -> Size:
    """Return the size of a network's input: ``224``, or height and width, ``192x256``."""
    parts = [pixels(part) for part in text.lower().replace("×", "x").split("x")]
    if len(parts) > 2:
        raise argparse.ArgumentTypeError(f"{text} is neither pixels nor HEIGHTxWIDTH")
    return size_of_sides(parts[0], parts[-1])


def seed(text: str) -> int:
    """Return the seed of everything random."""
    value = int(text)
    if not 0 <= value <= _LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"{text} is not in 0 to {_LARGEST_SEED}")
    return value


def share(text: str) -> float:
    """Return a share in [0, 1)."""
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not in [0, 1)")
    return value


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """Add the argument that lets ``--out`` replace a file."""
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")


def path(text: str) -> Path:
    """Return a path; an empty one, as of a variable of the shell that is not set, is refused."""
    if not text.strip():
        raise argparse.ArgumentTypeError("expected a path, got an empty text")
    return Path(text)


def add_moved(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say where what a run was made from lies now."""
    parser.add_argument(
        "--data", type=path, metavar="PATH", help="new path of the run's data set, if it was moved"
    )
    parser.add_argument(
        "--checkpoint",
        type=path,
        metavar="FILE",
        help="new path of the run's checkpoint, if it was moved",
    )


def add_leave_out(parser: argparse.ArgumentParser, meaning: str) -> None:
    """Add the argument that names classes to leave out, by the data set's own numbers."""
    parser.add_argument("--leave-out", type=int, nargs="+", default=[], metavar="ID", help=meaning)
