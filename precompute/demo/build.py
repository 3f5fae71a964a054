"""Making the demo: painted birds, a small network trained on them, its run, and a repair of it."""

import argparse
from collections.abc import Callable
from pathlib import Path

from fieldmarks.precompute.arguments import add_leave_out, positive, seed

#: Chosen on worlds of other seeds than the demo's.
EPOCHS = 50
INPUT_SIZE = 128

#: The folder of painted worlds in the folder of runs, and what lies in a world when all of its demo
#: is made.
WORLDS, IS_MADE = ".worlds", "is_made"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say what world is made."""
    parser.add_argument("--name", default="demo", help="of the run")
    parser.add_argument("--seed", type=seed, default=0)
    parser.add_argument("--species", type=positive(int), default=24, metavar="N", help="at most 24")
    parser.add_argument(
        "--images", type=positive(int), default=50, metavar="N", help="of each species"
    )
    parser.add_argument("--epochs", type=positive(int), default=EPOCHS, metavar="N")
    parser.add_argument(
        "--harder",
        action="store_true",
        help="plant faults that no threshold was chosen on: JPEG blocks, motion blur, "
        "occlusion, exposure, also in training images, and three spurious cues",
    )
    parser.add_argument(
        "--backgrounds-named",
        action="store_true",
        help='some captions name the background: "in white snow"; the pictures stay the same',
    )
    add_leave_out(parser, "numbers of species that the network is not trained on; needs a --name")


def is_unfinished(runs: Path, name: str) -> bool:
    """Return whether a demo was begun in a folder of runs and is not all there yet."""
    world = runs / WORLDS / name
    return world.is_dir() and not (world / IS_MADE).is_file()


def build_demo(args: argparse.Namespace, on_open: Callable[[], None] = lambda: None) -> None:
    """Make what is missing: world, checkpoint, run, repair; a second demo is refused.

    Parameters
    ----------
    args : argparse.Namespace
        What `add_arguments` adds, and the folder of runs.
    on_open : callable
        Called once, as soon as there is something to see.
    """
    from fieldmarks.core.run.files import check_name, runs_folder
    from fieldmarks.precompute.resume.lock import exclusive

    runs = args.runs or runs_folder()
    world = runs / WORLDS / check_name(args.name)
    with exclusive(world, f"demo {args.name!r}", "give another --name"):
        _make(args, runs, world, on_open)


def _make(args: argparse.Namespace, runs: Path, world: Path, on_open: Callable[[], None]) -> None:
    from fieldmarks.core.errors import FieldmarksError
    from fieldmarks.core.run.listing import make_newest
    from fieldmarks.precompute.data.source import DataSource
    from fieldmarks.precompute.demo.second_run import corrupt_some, make_second_run
    from fieldmarks.precompute.demo_world.make import make_world
    from fieldmarks.precompute.demo_world.planting.faults import HARDER
    from fieldmarks.precompute.pipeline.pipeline import precompute
    from fieldmarks.precompute.pipeline.settings import Settings

    print("1/4 painting the birds")
    make_world(
        world,
        seed=args.seed,
        n_species=args.species,
        n_images=args.images,
        faults=HARDER if args.harder else None,
        names_backgrounds=args.backgrounds_named,
    )
    print("2/4 training a small network on them")
    without = "".join(f"_{number}" for number in sorted(set(args.leave_out)))
    # deleted with the world it was trained on
    checkpoint = world / f"small_{args.epochs}{without and '_without' + without}.pth"
    if not checkpoint.exists():
        _train(world / "CUB_200_2011", checkpoint, args)
    print("3/4 precomputing the run")
    finished = precompute(
        Settings(
            source=DataSource(world / "CUB_200_2011", format="cub"),
            checkpoint=checkpoint,
            name=args.name,
            dataset="painted birds",
            runs=runs,
            leave_out=tuple(sorted(set(args.leave_out))),
            seed=args.seed,
        ),
        on_open=on_open,
    )
    print("4/4 repairing the network, and corrupting some pictures")
    for make in (make_second_run, corrupt_some):
        try:
            make(finished)
        except FieldmarksError as error:  # of a small world, or one whose network makes no mistake
            print(f"left out: {error}")
    make_newest(finished.folder)
    (world / IS_MADE).touch()
    print(f"run {finished.name!r} is ready in {finished.folder}")


def _train(cub: Path, checkpoint: Path, args: argparse.Namespace) -> None:
    """Train from scratch."""
    from fieldmarks.precompute.data.readers.cub import read_cub
    from fieldmarks.precompute.training.finetune import finetune
    from fieldmarks.precompute.training.loop import TrainingSettings

    settings = TrainingSettings(
        epochs=args.epochs, input_size=INPUT_SIZE, seed=args.seed, lr=4e-3, backbone_lr=1.0
    )
    finetune(
        read_cub(cub),
        arch="small",
        out=checkpoint,
        settings=settings,
        normalise="half",
        leave_out=args.leave_out,
    )
