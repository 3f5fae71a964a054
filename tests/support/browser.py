"""A real browser before a real server, for the browser test, the screenshots and benchmarks."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support import processes

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
    url, words = _server(script, arguments)
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", *words],
        cwd=cwd,
        env={**os.environ, "FIELDMARKS_RUNS": str(runs)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with _until_done(url, process, process.wait) as server:
        yield server


@contextlib.contextmanager
def serve_at_once(runs: Path, *arguments: str) -> Iterator[Server]:
    """Start the dashboard in a process that has its libraries: for tests of what pages do."""
    url, words = _server("dashboard/app.py", arguments)
    process = processes.start(processes.module, "streamlit", *words, FIELDMARKS_RUNS=str(runs))
    with _until_done(url, process, process.join) as server:
        yield server


@contextlib.contextmanager
def _until_done(url: str, process, wait: Callable[[float], object]) -> Iterator[Server]:
    """Give a server that answers, and end its process."""
    try:
        wait_for(url)
        yield Server(url, process.pid)
    finally:
        process.terminate()
        wait(10)


def _server(script: str | Path, arguments: tuple[str, ...]) -> tuple[str, list[str]]:
    """Return an address on a free port, and the words after ``streamlit`` that serve there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return f"http://127.0.0.1:{port}", ["run", str(script), f"--server.port={port}", *arguments]


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

    with sync_playwright() as playwright, beside(playwright.chromium, *arguments) as browser:
        yield browser


@contextlib.contextmanager
def beside(kind, *arguments: str) -> Iterator:
    """Start a Chromium of a Playwright that runs already: there is one in a process."""
    browser = kind.launch(executable_path=find_chromium(), args=(*ARGS, *arguments))
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


@contextlib.contextmanager
def lent(page, width: int = 1440, height: int = 900, **media) -> Iterator:
    """Lend an open page to a test as if it were new; fail where a script of it raised an error.

    It keeps what the browser has compiled, which a new one compiles again: 0.7 s.
    """
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(**media)
    errors: list = []

    def note(error) -> None:
        errors.append(error)

    page.on("pageerror", note)
    yield page
    page.remove_listener("pageerror", note)
    assert not errors


#: The width in pixels of the picture that an ``img`` shows, once it can be painted.
PICTURE_WIDTH = "image => image.decode().then(() => image.naturalWidth)"
#: Milliseconds in which nothing happens on a page that is drawn.
CALM = 200
#: Ends when the app has run, all pictures are there and for so long nothing was drawn or loaded.
SETTLED = """(calm) => new Promise((resolve, reject) => {
  const app = document.querySelector('[data-testid="stApp"]');
  const began = performance.now();
  let last = began;
  const touch = () => { last = performance.now(); };
  const drawn = new MutationObserver(touch);
  drawn.observe(document, { subtree: true, childList: true, attributes: true });
  const loaded = new PerformanceObserver(touch);
  loaded.observe({ entryTypes: ["resource"] });
  const pictures = (root) => [...root.querySelectorAll("*")].flatMap(
    (each) => (each.shadowRoot ? pictures(each.shadowRoot) : each.matches("img") ? [each] : []));
  const moves = (each) => each.playState === "running"
    && each.effect.getComputedTiming().endTime !== Infinity;
  const look = () => {
    const isRunning = app.getAttribute("data-test-script-state") !== "notRunning";
    if (isRunning || document.getAnimations().some(moves)) touch();
    const now = performance.now();
    if (now - last >= calm && !pictures(document).every((each) => each.complete)) touch();
    if (now - last < calm && now - began < 60_000) return setTimeout(look, 25);
    drawn.disconnect();
    loaded.disconnect();
    return now - last < calm ? reject(Error("the page does not settle")) : resolve();
  };
  look();
})"""


def settle(page) -> None:
    """Return when the page is drawn: the app has run and its components are there."""
    page.wait_for_selector('[data-testid="stHeading"]')
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.evaluate(SETTLED, CALM)


#: Changes the address as links of the dashboard do, and ends when the app has begun to run.
FOLLOWED = """(href) => new Promise((resolve, reject) => {
  const app = document.querySelector('[data-testid="stApp"]');
  const state = () => app.getAttribute("data-test-script-state");
  const reached = (holds, then) => {
    if (holds()) return then();
    new MutationObserver((_, observer) => {
      if (!holds()) return;
      observer.disconnect();
      then();
    }).observe(app, { attributes: true });
  };
  setTimeout(() => reject(Error(`the app is ${state()} on the way to ${href}`)), 30_000);
  reached(() => state() === "notRunning", () => {
    history.pushState({}, "", href);
    window.dispatchEvent(new PopStateEvent("popstate"));
    let changed = false; // by a run so short that its states are never drawn
    new MutationObserver(() => (changed = true)).observe(app, { childList: true, subtree: true });
    setTimeout(() => changed && state() === "notRunning" && resolve(), 3000);
    reached(() => state() !== "notRunning", resolve);
    // beginning and end in one message are one change of the page, and the state stays
    new MutationObserver((_, observer) => {
      observer.disconnect();
      setTimeout(resolve, 2000);
    }).observe(app, { subtree: true, childList: true });
  });
})"""


def follow(page, url: str) -> None:
    """Open an address in a page that is open, as a link does: nothing is loaded again.

    It takes a quarter of the time of ``page.goto``, which every first visit of a test is.
    """
    page.evaluate(FOLLOWED, url)
    settle(page)


@contextlib.contextmanager
def open_page(browser, runs: Path, width: int = 1440, height: int = 900) -> Iterator:
    """Start the dashboard over a folder of runs, open a page; ``page.base`` is its address."""
    with serve_at_once(runs) as server, page_of(browser, width, height) as page:
        page.base = server.url
        yield page
