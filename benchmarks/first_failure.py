"""Seconds from a command to a failure on screen, without words; then words, and the same failure.

    python -m benchmarks.first_failure FOLDER CHECKPOINT NETWORK [--pictures DIR]

FOLDER holds a folder of pictures for each class, CHECKPOINT and NETWORK are those of ``fieldmarks
run``. The dashboard of ``run --open`` is looked at in Chromium as soon as it answers. In brackets
is the processor time of the run and its dashboard, which other work does not change. Words are then
written by ``fieldmarks caption`` and a server on this machine that sees colour, brightness, texture
and shape of what is not white, and nothing else. Runs lie in a temporary folder.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from fieldmarks.core.errors import FieldmarksError
from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from tests.support.browser import ARGS, find_chromium, serve, wait_for
from tests.support.chat_server import Request, chat_server

NAME, PART = "mine", "body"
COLOURS = {
    "black": (30, 30, 30), "grey": (128, 128, 128), "white": (235, 235, 235), "red": (190, 40, 40),
    "brown": (110, 70, 40), "yellow": (225, 200, 60), "green": (60, 120, 60), "blue": (50, 80, 170),
    "purple": (110, 60, 130), "pink": (225, 130, 170), "beige": (205, 185, 150),
}  # fmt: skip


def looks(picture: Image.Image) -> str:
    """Return what can be measured of a thing on white: adjectives."""
    small = np.asarray(picture.convert("RGB").resize((64, 64)), float)
    is_thing = small.min(axis=2) < 235
    if is_thing.mean() < 0.02:
        return ""
    pixels = small[is_thing]
    names = list(COLOURS)
    far = np.linalg.norm(pixels[:, None] - np.array(list(COLOURS.values())), axis=2)
    counts = np.bincount(far.argmin(axis=1), minlength=len(names))
    rows, columns = (np.flatnonzero(is_thing.any(axis=axis)) for axis in (1, 0))
    is_wide = np.ptp(columns) > 1.3 * np.ptp(rows)
    grey = small.mean(axis=2)
    varies = np.abs(np.diff(grey, axis=1))[is_thing[:, 1:]].mean() > 18
    adjectives = [names[int(counts.argmax())], "wide" if is_wide else "tall"]
    adjectives.append("patterned" if varies else "plain")
    adjectives.append("dark" if pixels.mean() < 90 else "bright" if pixels.mean() > 160 else "")
    return ", ".join(filter(None, adjectives))


def answer(request: Request) -> dict:
    """Answer as a server whose model sees only that."""
    return {PART: looks(request.pictures[0])}


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and of those that it started, on Linux."""
    parents, used = {}, {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        child = int(file.parent.name)
        parents[child] = int(fields[1])
        used[child] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    family = {pid}
    while grown := {child for child, parent in parents.items() if parent in family} - family:
        family |= grown
    return sum(used.get(each, 0.0) for each in family)


def shown(page: Page, url: str, text: str, ends: float) -> None:
    """Load an address until a text is on the page."""
    while time.monotonic() < ends:
        page.goto(url)
        try:
            page.get_by_text(text).first.wait_for(timeout=15_000)
        except Exception:
            continue
        return
    raise TimeoutError(f"{text!r} did not appear")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("network")
    parser.add_argument("--pictures", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        runs = Path(scratch) / "runs"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        given = {"data": args.folder, "network": args.network, "checkpoint": args.checkpoint,
                 "name": NAME, "runs": runs}  # fmt: skip
        command = [sys.executable, "-m", "fieldmarks", "run"]
        command += [str(each) for name, value in given.items() for each in (f"--{name}", value)]
        environment = {**os.environ, "STREAMLIT_SERVER_HEADLESS": "true"}
        environment["STREAMLIT_SERVER_PORT"] = str(port)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGS))
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        started = time.monotonic()
        with Path(os.devnull).open("wb") as nothing:
            running = subprocess.Popen(
                [*command, "--open"],
                env=environment,
                stdout=nothing,
                stderr=nothing,
                start_new_session=True,
            )

            def say(what: str) -> None:
                used = processor_seconds(running.pid)
                print(f"{time.monotonic() - started:.0f} s ({used:.0f} s): {what}", flush=True)

            try:
                url = f"http://127.0.0.1:{port}"
                wait_for(url, 600)
                say("the dashboard answers")
                shown(page, url, "Predicted", started + 600)
                say("failures are on screen, so far")
                _picture(page, args.pictures, "so_far")
                while not (run := _published(runs / NAME)):
                    time.sleep(0.5)
                x = int(run.failures[0])
                link = f"images?{urlencode({'run': NAME, 'x': x})}"
                shown(page, f"{url}/{link}", "Add words", started + 600)
                say("a failure is open")
                _picture(page, args.pictures, "without_words")
            finally:
                os.killpg(running.pid, signal.SIGINT)  # Ctrl-C, to the dashboard too
                running.wait()
        captions = Path(scratch) / "captions.jsonl"
        started = time.monotonic()
        with chat_server(answer) as server:
            asked = ["--server", server.url, "--model", "painter:1b", "--parts", PART]
            subprocess.run(
                [sys.executable, "-m", "fieldmarks", "caption", "--data", args.folder, "--out",
                 captions, *asked, "--side", "256"], check=True, capture_output=True
            )  # fmt: skip
        print(f"{time.monotonic() - started:.0f} s: captions are written")
        again = [*command, "--captions", str(captions)]
        subprocess.run(again, check=True, capture_output=True)
        print(f"{time.monotonic() - started:.0f} s: the run has words")
        print(explain(read_run(runs / NAME), x).sentence)
        with serve(runs) as server:
            shown(
                page, f"{server.url}/images?{urlencode({'run': NAME, 'x': x})}", "because it", 1e9
            )
            _picture(page, args.pictures, "with_words")


def _published(folder: Path) -> Run | None:
    try:
        return read_run(folder)
    except FieldmarksError:
        return None


def _picture(page: Page, folder: Path | None, name: str) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(2000)
        page.screenshot(path=folder / f"{name}.png")


if __name__ == "__main__":
    main()
