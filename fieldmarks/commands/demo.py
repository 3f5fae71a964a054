"""``fieldmarks demo``: open the demo; make it first where no finished one is at hand."""

import argparse
import json
import os
import shutil
from pathlib import Path

import fieldmarks
from fieldmarks.commands.dashboard import add_server_arguments, open_dashboard, open_meanwhile

#: The finished runs in an installation, one folder each; `hatch_build.py` puts them there.
PACKED = Path(fieldmarks.__file__).parent / "demo"


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the arguments of this command."""
    from fieldmarks.precompute.demo.build import add_arguments

    parser = subparsers.add_parser(
        "demo",
        help="open the demo: painted birds, a small network and its planted failures",
        description="Open the dashboard on a finished run over painted birds, which is "
        "installed with Fieldmarks. Without one, or with --build, paint the birds, train a "
        "small network and compute the run (needs the extra 'precompute').",
    )
    parser.add_argument(
        "--build",
        action="store_true",
        help="make the birds, the network and the run here, without opening the dashboard",
    )
    add_arguments(parser)
    add_server_arguments(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    """Build the demo, or open it; what is not there yet is made while it is open."""
    from fieldmarks.core.run.files import MANIFEST, check_name, runs_folder
    from fieldmarks.precompute.demo.build import build_demo, is_unfinished

    runs = args.runs or runs_folder()
    is_there = (runs / check_name(args.name) / MANIFEST).is_file()
    if not args.build and not is_there and args.name == "demo" and PACKED.is_dir():
        install(PACKED, runs)
        is_there = True
    if args.build:
        build_demo(args)
    elif is_there and not is_unfinished(runs, args.name):
        open_dashboard(args, args.name)
    else:
        with open_meanwhile(args.name, args.runs, args.port, args.no_browser) as on_open:
            build_demo(args, on_open)


def install(packed: Path, runs: Path) -> None:
    """Copy the finished runs to the folder of runs, where verdicts and repairs can join them.

    What is there under the name of one of them stays.

    Parameters
    ----------
    packed : Path
        With a folder for each run, as `precompute.demo.packing` writes them.
    runs : Path
    """
    from fieldmarks.core.run.files import SHARED
    from fieldmarks.core.run.listing import make_newest

    runs.mkdir(parents=True, exist_ok=True)
    folders = sorted(packed.iterdir(), key=lambda folder: (folder / SHARED).exists())
    for folder in folders:
        final, partial = runs / folder.name, runs / f".{folder.name}.installing"
        if os.path.lexists(final):
            continue
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(folder, partial)
        shared = partial / SHARED
        if shared.exists():
            listed = json.loads(shared.read_text("utf-8"))
            for name in listed["files"]:
                _share(packed / listed["with"] / name, partial / name)
            shared.unlink()
        partial.rename(final)
    make_newest(runs / folders[0].name)


def _share(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
