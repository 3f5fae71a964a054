"""``robustness``: corrupted pictures of a run's images, for the page Corruptions."""

import argparse

from fieldmarks.precompute.arguments import add_moved, path, seed


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the arguments of this command."""
    parser = subparsers.add_parser(
        "robustness",
        help="corrupt pictures of a run, and score which words change",
        description="Corrupt test images (blur, noise, colour, JPEG), and store the network's "
        "outputs in the run's folder. The images and the checkpoint must be those of the run.",
    )
    add_image_arguments(parser)
    return parser


def add_image_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which images of which run are changed."""
    parser.add_argument("name", metavar="RUN")
    parser.add_argument(
        "--images",
        nargs="+",
        default=["60"],
        metavar="N",
        help="a number: draw so many correctly classified test images with captions (default: "
        "60); or images: 17-17, 20-40 51, failures",
    )
    parser.add_argument("--seed", type=seed, default=0)
    parser.add_argument("--runs", type=path, metavar="DIR", help="default: FIELDMARKS_RUNS")
    add_moved(parser)


def run(args: argparse.Namespace) -> None:
    """Make the pictures and say how many words are lost."""
    from fieldmarks.core.run.files import runs_folder
    from fieldmarks.precompute.pipeline.robustness import corrupt_images
    from fieldmarks.precompute.pipeline.settings import Moved

    moved = Moved(args.data, args.checkpoint)
    runs = args.runs or runs_folder()
    record = corrupt_images(runs, args.name, args.images, args.seed, moved)
    for row in record.statement["words"]:
        if row["t"] < 0 and row["mean"]["value"] is not None:
            levels = ", ".join(f"{percent:.0f}" for percent in row["by_level"])
            print(f"{row['kind']}: percent of words lost at each strength: {levels}")
    print(f"run {args.name!r}: {len(record.table):,} pictures of {len(record.xs):,} images kept")
