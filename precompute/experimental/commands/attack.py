"""``attack``: attacked images of a run, for the experimental page Attacks."""

import argparse

from fieldmarks.precompute.commands.robustness import add_image_arguments


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the arguments of this command."""
    parser = subparsers.add_parser(
        "attack",
        help="experimental: attack images of a run, and score detection by words",
        description="Attack test images (FGSM, PGD, and PGD that knows the detector by words), "
        "and keep the network's outputs in the run's folder. Words detect attacks no better "
        "than distance in activations does (docs/evidence/index.md): this is not a defence. The "
        "images and the checkpoint must be those of the run.",
    )
    add_image_arguments(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    """Make the pictures and print how well attacks are detected."""
    from fieldmarks.core.run.files import runs_folder
    from fieldmarks.precompute.experimental.attack import attack, detection_lines
    from fieldmarks.precompute.pipeline.settings import Moved

    moved = Moved(args.data, args.checkpoint)
    record = attack(args.runs or runs_folder(), args.name, args.images, args.seed, moved)
    for line in detection_lines(record):
        print(line)
    print(f"run {args.name!r}: {len(record.table):,} pictures of {len(record.xs):,} images kept")
