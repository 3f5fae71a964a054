"""What runs a run's network: its file in this process, else a worker that has torch."""

import argparse
import sys
from pathlib import Path

import streamlit as st

import fieldmarks
from fieldmarks.core.errors import MissingRunError, RunError
from fieldmarks.core.live.network_file import NetworkFile, network_file
from fieldmarks.core.live.network_worker import NetworkWorker
from fieldmarks.core.run.files import NETWORK
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data

#: Where the package is found: in a checkout its root, else the installed packages.
_ROOT = Path(fieldmarks.__file__).resolve().parents[1]


def why_no_file(run: Run) -> str:
    """Return why the network of a run could not be exported, empty where it was or never tried."""
    return run.manifest.get("stages", {}).get("live", {}).get("left_out", "")


def named_code() -> str | None:
    """Return the network code named after ``--`` on the command line: ``-- --network SOURCE``."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--network")
    return parser.parse_known_args(sys.argv[1:])[0].network


@st.cache_resource(max_entries=4, show_spinner="The network is being opened.")
def _opened(_run: Run, key: str) -> NetworkFile | NetworkWorker:
    if (_run.folder / NETWORK).is_file() or not why_no_file(_run):
        return network_file(_run)
    checkpoint = _run.manifest.get("settings", {}).get("checkpoint")
    if checkpoint is not None and not Path(checkpoint).is_file():
        raise MissingRunError(
            f"run {_run.name!r} has no network that can run here: it could not be exported "
            f"({why_no_file(_run)}), and the checkpoint that it was made with is not at "
            f"{checkpoint} any more: put it back"
        )
    command = [sys.executable, "-m", "fieldmarks", "worker", _run.name]
    command += ["--runs", str(_run.folder.parent.resolve())]
    if code := named_code():
        command += ["--network", code]
    try:
        return NetworkWorker([*command, "--socket"], _ROOT)
    except RunError as error:
        raise MissingRunError(
            f"run {_run.name!r} has no network that can run here: it could not be exported "
            f"({why_no_file(_run)}), and {error}. 'fieldmarks export {_run.name}' tries "
            "to export it again"
        ) from None


def opened_network(run: Run) -> NetworkFile | NetworkWorker:
    """Return the run's network, opened once for all sessions.

    Raises
    ------
    FieldmarksError
        If there is none here; the message says why, and what to do.
    """
    return _opened(run, data.identity(run))
