"""``worker``: run a network for the page Try, which starts it where no file holds the network."""

import argparse

from fieldmarks.precompute.arguments import path


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the arguments of this command."""
    parser = subparsers.add_parser(
        "worker",
        help="internal: started by the page Try for networks that cannot be exported",
        description="Serve the network of a run over a socket of "
        "the dashboard. Ends by itself when idle.",
    )
    parser.add_argument("name", metavar="RUN")
    parser.add_argument("--runs", type=path, metavar="DIR", help="default: FIELDMARKS_RUNS")
    parser.add_argument(
        "--network", metavar="SOURCE", help="the user's code that may run, as in the run"
    )
    parser.add_argument("--socket", type=int, required=True, metavar="NUMBER")
    return parser


def run(args: argparse.Namespace) -> None:
    """Answer until nobody asks any more."""
    from multiprocessing.connection import Connection

    from fieldmarks.core.errors import DataError
    from fieldmarks.core.live.network_worker import serve
    from fieldmarks.core.run.files import check_name, runs_folder
    from fieldmarks.core.run.reading import read_run
    from fieldmarks.precompute.pipeline.settings import Settings, network_digest

    run = read_run((args.runs or runs_folder()) / check_name(args.name))
    settings = Settings.of_run(run)
    settings.check_network()
    source = settings.network.source
    if settings.network.runs_code and args.network != source:
        raise DataError(
            f"the network of run {run.name!r} is built by code of its own, which runs only where "
            "the command line names it: start the dashboard by 'streamlit run dashboard/app.py "
            f"-- --network {source}'"
        )
    if network_digest(settings) != run.manifest.get("checkpoint", {}).get("sha256"):
        raise DataError(
            f"{settings.checkpoint or source} is not what run {run.name!r} was made with: run "
            "its 'fieldmarks run' again"
        )
    from fieldmarks.precompute.network.one_picture import PictureForward  # slow to import
    from fieldmarks.precompute.pipeline.trained_network import load_trained

    classes = run.classes
    ids, names = classes["class_id"].tolist(), classes["name"].tolist()
    has_boxes = run.manifest.get("crop", "box") == "box"
    network = PictureForward(load_trained(settings, ids, names, has_boxes))
    with Connection(args.socket) as connection:
        serve(connection, network.input_size, network)
