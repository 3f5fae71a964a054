"""``attack``: attacked and corrupted images of a run, for the page Robustness."""

import argparse
from pathlib import Path

from fieldmarks.precompute.arguments import seed


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the arguments of this command."""
    parser = subparsers.add_parser(
        "attack",
        help="attack and corrupt images of a run, and score how words change",
        description="Attack test images (FGSM, PGD, and PGD that knows the detector by words), "
        "corrupt them (blur, noise, colour, JPEG), and keep the network's outputs "
        "in the run's folder. The images and the checkpoint must be those of the run.",
    )
    parser.add_argument("name", metavar="RUN")
    parser.add_argument(
        "--images",
        nargs="+",
        default=["60"],
        metavar="N",
        help="one number: how many correctly classified, captioned test images to draw (default: "
        "60); or which: 17-17, 20-40 51, failures",
    )
    parser.add_argument("--seed", type=seed, default=0)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--runs", type=Path, metavar="DIR", help="default: FIELDMARKS_RUNS")
    return parser


def run(args: argparse.Namespace) -> None:
    """Make the pictures and print how well attacks are detected."""
    from fieldmarks.core.run.files import runs_folder
    from fieldmarks.precompute.pipeline.robustness import attack, detection_lines

    record = attack(args.runs or runs_folder(), args.name, args.images, args.seed, args.device)
    for line in detection_lines(record):
        print(line)
    print(f"run {args.name!r}: {len(record.table):,} pictures of {len(record.xs):,} images kept")
