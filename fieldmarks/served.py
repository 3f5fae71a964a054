"""``fm.launch(run)``: the dashboard beside a notebook, as a link or inside a cell."""

import atexit
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from fieldmarks.commands.dashboard import APP
from fieldmarks.core.errors import RunError
from fieldmarks.core.run.files import runs_folder
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run

#: Seconds that the server has to answer.
_PATIENCE = 60


class Dashboard:
    """A dashboard that serves on this machine until it is stopped or Python ends.

    Parameters
    ----------
    url : str
    server : Popen
    height : int
        Of the frame in a notebook, pixels.
    """

    def __init__(self, url: str, server: subprocess.Popen, height: int = 800):
        self.url, self.height = url, height
        self._server = server
        atexit.register(self.stop)

    def stop(self) -> None:
        """End the server."""
        if self._server.poll() is None:
            self._server.terminate()
            self._server.wait(10)

    def __repr__(self) -> str:
        return f"dashboard at {self.url} (stop it by .stop())"

    def _repr_html_(self) -> str:
        """Return a frame, which Jupyter shows, with the link above it."""
        return (
            f'<a href="{self.url}" target="_blank">{self.url}</a>'
            f'<iframe src="{self.url}&embed=true" width="100%" height="{self.height}" '
            'frameborder="0"></iframe>'
        )


def launch(
    run: Run | str | None = None,
    *,
    runs: Path | str | None = None,
    port: int | None = None,
    height: int = 800,
) -> Dashboard:
    """Serve the dashboard on a run, print its address and return it.

    Parameters
    ----------
    run : Run or str, optional
        A run or its name; the newest by default.
    runs : Path, optional
        The folder of runs; that of the run by default.
    port : int, optional
        The first free one by default.
    height : int
        Of the frame in a notebook, pixels.

    Raises
    ------
    RunError
        If the server does not start.
    """
    folder = Path(runs) if runs is not None else None
    if isinstance(run, Run):
        folder, name = run.folder.parent, run.name
    else:
        folder = folder or runs_folder()
        name = None if run is None else open_run(run, folder).name
    port = port or _free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(APP), "--server.headless=true"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1"]
    command += [] if name is None else ["--", "--run", name]
    environment = {**os.environ, "FIELDMARKS_RUNS": str(folder.resolve())}
    server = subprocess.Popen(
        command,
        env=environment,
        cwd=APP.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _wait(f"http://127.0.0.1:{port}/_stcore/health", server)
    query = urlencode({"run": name} if name else {"embed_options": "show_toolbar"})
    dashboard = Dashboard(f"http://127.0.0.1:{port}/?{query}", server, height)
    print(dashboard)
    return dashboard


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(address: str, server: subprocess.Popen) -> None:
    """Return when the server answers, or raise that it does not."""
    until = time.monotonic() + _PATIENCE
    while server.poll() is None and time.monotonic() < until:
        try:
            with urlopen(address, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    server.terminate()
    raise RunError("the dashboard does not start: 'fieldmarks dashboard' shows why")
