"""``fieldmarks dashboard [RUN]``: open the dashboard over the folder of runs."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fieldmarks

#: The script that Streamlit runs.
APP = Path(next(p for p in map(Path, fieldmarks.__path__) if (p / "dashboard").is_dir())) / (
    "dashboard/app.py"
)


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the arguments of this command."""
    parser = subparsers.add_parser(
        "dashboard",
        help="open the dashboard in the browser",
        description="Serve the dashboard on this machine and open it in the browser.",
    )
    parser.add_argument("run_name", nargs="?", metavar="RUN", help="default: the newest run")
    add_server_arguments(parser)
    return parser


def add_server_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `open_dashboard` needs."""
    parser.add_argument(
        "--runs", type=Path, metavar="DIR", help="folder of runs; default: FIELDMARKS_RUNS"
    )
    parser.add_argument("--port", type=int, metavar="N", help="default: the first free from 8501")
    parser.add_argument(
        "--no-browser", action="store_true", help="serve only, do not open a browser"
    )


def run(args: argparse.Namespace) -> None:
    """Serve until it is ended."""
    from fieldmarks.core.errors import MissingRunError
    from fieldmarks.core.run.files import check_name, runs_folder

    runs, name = args.runs or runs_folder(), args.run_name
    if name and not ((runs / check_name(name)).is_dir() or (runs / f".{name}.partial").is_dir()):
        raise MissingRunError(
            f"there is no run {name!r} in {runs}: 'fieldmarks "
            "demo' opens the demo, 'fieldmarks run --help' explains how to make one"
        )
    open_dashboard(args, args.run_name)


def open_dashboard(args: argparse.Namespace, name: str | None) -> None:
    """Serve the dashboard on one run, or on the newest, until it is ended."""
    command = [sys.executable, "-m", "streamlit", "run", str(APP)]
    if args.port is not None:
        command.append(f"--server.port={args.port}")
    if args.no_browser:
        command.append("--server.headless=true")
    if name is not None:
        command += ["--", "--run", name]
    environment = {**os.environ}
    if args.runs is not None:
        environment["FIELDMARKS_RUNS"] = str(args.runs.resolve())
    _wait(subprocess.Popen(command, env=environment))


@contextmanager
def open_meanwhile(
    name: str, runs: Path | None, port: int | None = None, no_browser: bool = False
) -> Iterator[Callable[[], None]]:
    """Give a function that opens the dashboard on a run while the block still computes it.

    After the block the dashboard is waited for; it ends with a block that fails.

    Parameters
    ----------
    name : str
        Of the run.
    runs, port, no_browser
        See `add_server_arguments`.
    """
    command = [sys.executable, "-m", "fieldmarks", "dashboard", name]
    if runs is not None:
        command += ["--runs", str(runs)]
    if port is not None:
        command += ["--port", str(port)]
    if no_browser:
        command.append("--no-browser")
    opened: list[subprocess.Popen] = []
    try:
        yield lambda: opened.append(subprocess.Popen(command))
    except BaseException:
        for server in opened:
            server.terminate()
        raise
    for server in opened:
        _wait(server)


def _wait(server: subprocess.Popen) -> None:
    """Wait for the end of the dashboard; end it where this command is interrupted."""
    from fieldmarks.core.errors import FieldmarksError

    try:
        code = server.wait()
    except KeyboardInterrupt:
        # by Ctrl-C, which the dashboard got too, or SIGTERM, which it did not
        server.terminate()
        server.wait()
        return
    if code > 0:
        raise FieldmarksError(
            "the dashboard was not opened, see its own message above: where another program has "
            "its port, --port gives another"
        )
