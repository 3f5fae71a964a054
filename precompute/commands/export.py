"""``export``: write the network of a finished run as a file that the dashboard can run."""

import argparse

from fieldmarks.precompute.arguments import add_moved, path


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the arguments of this command."""
    parser = subparsers.add_parser(
        "export",
        help="add the network to a run that lacks it, for the page Try",
        description="Write the network of a finished run as an ONNX file into the run and check "
        "it against the run's class scores. The images and the checkpoint must be those of the "
        "run. Other outdated stages are computed too.",
    )
    parser.add_argument("name", metavar="RUN")
    parser.add_argument("--runs", type=path, metavar="DIR", help="default: FIELDMARKS_RUNS")
    add_moved(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    """Export the network."""
    from fieldmarks.core.run.files import check_name, runs_folder
    from fieldmarks.core.run.reading import read_run
    from fieldmarks.precompute.parallel.ranks import Ranks
    from fieldmarks.precompute.pipeline.facts import KeptMaps
    from fieldmarks.precompute.pipeline.more_maps import inputs_of_finished
    from fieldmarks.precompute.pipeline.pipeline import Pipeline
    from fieldmarks.precompute.pipeline.settings import Moved
    from fieldmarks.precompute.resume.lock import locked

    runs = args.runs or runs_folder()
    with locked(runs, args.name):
        run = read_run(runs / check_name(args.name))
        inputs = inputs_of_finished(run, Moved(args.data, args.checkpoint))
        Pipeline(inputs, Ranks(), print).run(KeptMaps.of(run))
    stage = read_run(runs / args.name).manifest.get("stages", {}).get("live", {})
    measured = stage.get("measured", {})
    checked = (
        f"largest difference of a class score on {measured['images']} images "
        f"{measured['difference']:.1e}"
        if measured
        else "not checked"
    )
    if stage.get("left_out"):
        print(
            f"run {args.name!r}: not exported, {stage['left_out']}; the page Try runs the "
            f"network in a separate process ({checked})"
        )
    else:
        print(f"run {args.name!r}: network exported; {checked}")
