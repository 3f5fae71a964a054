"""``fetch``: get a data set from its official home."""

import argparse
import os
from pathlib import Path

from fieldmarks.precompute.arguments import path


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the arguments of this command."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "fieldmarks"
    parser = subparsers.add_parser(
        "fetch",
        help="download CUB-200-2011 and its captions",
        description="Download CUB-200-2011 and the captions of Reed et al. (2016) from their "
        "official sites (1.2 GB), verify and unpack them. The same command resumes an "
        "interrupted download. The images are for non-commercial research.",
    )
    parser.add_argument("dataset", choices=("cub",))
    parser.add_argument(
        "--to",
        type=path,
        default=Path("data"),
        metavar="DIR",
        help="folder that will hold CUB_200_2011 and text_c10 (default: data)",
    )
    parser.add_argument(
        "--cache",
        type=path,
        default=cache,
        metavar="DIR",
        help=f"where archives are kept (default: {cache})",
    )
    parser.add_argument(
        "--archive",
        type=path,
        action="append",
        default=[],
        metavar="FILE",
        help="an archive downloaded by hand, CUB_200_2011.tgz or cvpr2016_cub.tar.gz; repeatable",
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Download, check, unpack."""
    from fieldmarks.precompute.data.downloads.fetch import fetch

    fetch(args.to, args.cache.expanduser(), args.archive)
    print(f"next: export FIELDMARKS_CUB={args.to.resolve()}")
