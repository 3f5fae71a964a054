"""``fieldmarks demo``: open the demo; make it first where no finished one is at hand."""

import argparse
import shutil
from pathlib import Path

import fieldmarks
from fieldmarks.commands.dashboard import add_server_arguments, open_dashboard

#: The finished run in an installation; `hatch_build.py` puts it there.
PACKED = Path(fieldmarks.__file__).parent / "demo"


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the arguments of this command."""
    from fieldmarks.precompute.build_demo import add_arguments

    parser = subparsers.add_parser(
        "demo",
        help="open the demo: painted birds, a small network and its planted failures",
        description="Open the dashboard on a finished run over painted birds, which is installed "
        "with Fieldmarks. Where there is none, or with --build, make the world, train a small "
        "network and compute the run (needs the extra 'precompute').",
    )
    parser.add_argument(
        "--build", action="store_true", help="make world, network and run here; open nothing"
    )
    add_arguments(parser)
    add_server_arguments(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    """Build the demo, or open it."""
    from fieldmarks.core.run.files import MANIFEST, check_name, runs_folder

    folder = (args.runs or runs_folder()) / check_name(args.name)
    is_there = (folder / MANIFEST).is_file()
    if not args.build and not is_there and args.name == "demo" and PACKED.is_dir():
        install(PACKED, folder)
        is_there = True
    if args.build or not is_there:
        from fieldmarks.precompute.build_demo import build_demo

        build_demo(args)
    if not args.build:
        open_dashboard(args, args.name)


def install(packed: Path, folder: Path) -> None:
    """Copy the finished run to the folder of runs, where verdicts and repairs can join it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.installing")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(packed, partial)
    partial.rename(folder)
