"""``maps``: compute feature maps that a run did not keep."""

import argparse

from fieldmarks.precompute.arguments import add_moved, path


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the arguments of this command."""
    parser = subparsers.add_parser(
        "maps",
        help="add feature maps of further images to a run",
        description="Compute the feature maps of images whose maps a run did not keep, so that "
        "they can be grounded. The images and the checkpoint must be those of the run.",
    )
    parser.add_argument("name", metavar="RUN")
    parser.add_argument(
        "--images",
        nargs="+",
        required=True,
        metavar="X",
        help="images: 17, 20-40, all, test, failures",
    )
    parser.add_argument("--runs", type=path, metavar="DIR", help="default: FIELDMARKS_RUNS")
    add_moved(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    """Add the maps."""
    from fieldmarks.core.run.files import runs_folder
    from fieldmarks.precompute.pipeline.more_maps import add_maps
    from fieldmarks.precompute.pipeline.settings import Moved

    moved = Moved(args.data, args.checkpoint)
    n_images = add_maps(args.runs or runs_folder(), args.name, args.images, moved)
    print(f"run {args.name!r}: maps of {n_images:,} images added" if n_images else "nothing to add")
