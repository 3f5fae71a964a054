"""A real browser before a real server, for the browser test, the screenshots and benchmarks."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
ARGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """Return the browser's path: ``FIELDMARKS_CHROMIUM``, or one on the path."""
    named = os.environ.get("FIELDMARKS_CHROMIUM")
    return named or next(filter(None, map(shutil.which, CHROMIUM)), None)


@dataclass(frozen=True)
class Server:
    """A running dashboard."""

    url: str
    pid: int


@contextlib.contextmanager
def serve(
    runs: Path, *arguments: str, script: str | Path = "dashboard/app.py", cwd: Path = ROOT
) -> Iterator[Server]:
    """Start the dashboard, or another script, on a free port of this machine, and stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    process = subprocess.Popen(
        [*command, f"--server.port={port}", *arguments],
        cwd=cwd,
        env={**os.environ, "FIELDMARKS_RUNS": str(runs)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url)
        yield Server(url, process.pid)
    finally:
        process.terminate()
        process.wait(10)


def wait_for(url: str, seconds: float = 180) -> None:
    """Return when the server answers."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health"):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@contextlib.contextmanager
def launch(*arguments: str) -> Iterator:
    """Start Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = (*ARGS, *arguments)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments)
        yield browser
        browser.close()


@contextlib.contextmanager
def page_of(browser, width: int = 1440, height: int = 900, **context) -> Iterator:
    """Open a page of a browser, close it, and fail where a script of it raised an error."""
    page = browser.new_page(viewport={"width": width, "height": height}, **context)
    page.set_default_timeout(60_000)
    errors: list = []
    page.on("pageerror", lambda error: errors.append(error))
    yield page
    page.close()
    assert not errors


def settle(page) -> None:
    """Return when the page is drawn: the app has run and its components are there."""
    page.wait_for_selector('[data-testid="stHeading"]')
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_load_state("networkidle")


@contextlib.contextmanager
def open_page(runs: Path, width: int = 1440, height: int = 900) -> Iterator:
    """Start the dashboard over a folder of runs and a browser; ``page.base`` is its address."""
    with serve(runs) as server, launch() as browser, page_of(browser, width, height) as page:
        page.base = server.url
        yield page
