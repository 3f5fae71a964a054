"""Other debuggers of image data beside Fieldmarks: the same pictures, browser, machine and clicks.

    python -m benchmarks.peers RUN --folder FOLDER [--tools fieldmarks lightly-studio spotlight]

installs each peer from the package index into an environment of its own below FOLDER (by uv where
it is there), gives it the test images of a run with their true and predicted class, starts it and
times in Chromium: from the start of the process to the first page with pictures (Spotlight's first
page is a table, its pictures come with a chosen row), a reload, the misclassified images, one
class, one image. Each figure is the median of ``--times``, in an order that changes with each
turn. Memory is what the server's processes hold of their own after the clicks. LightlyStudio gets
no embeddings, which need a download.
"""

import argparse
import contextlib
import csv
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from fieldmarks.core.run.files import runs_folder
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.pipeline.settings import Settings
from tests.support.browser import ROOT, launch

STEPS = ("first page", "reload", "misclassified", "one class", "one image")
TIMEOUT = 240_000  #: milliseconds
#: Pictures in view that are drawn, also those of shadow roots; ``null`` while one of them loads.
PICTURES = """() => {
  const found = [];
  const walk = (root) => { for (const each of root.querySelectorAll("*")) {
    if (each.tagName === "IMG") found.push(each);
    if (each.shadowRoot) walk(each.shadowRoot);
  } };
  walk(document);
  const seen = found.filter((image) => {
    const box = image.getBoundingClientRect();
    return box.width > 40 && box.bottom > 0 && box.top < innerHeight && box.left < innerWidth;
  });
  const isLoaded = (image) => image.complete && image.naturalWidth;
  return seen.every(isLoaded) ? seen.map((image) => image.src) : null;
}"""


class Tool(ABC):
    """A tool: how it is installed, fed, started and used."""

    name: str
    package = ""
    n_first = 3  #: pictures that its first page has at least
    steps = STEPS[2:]  #: what is timed after the reload

    def __init__(self, folder: Path, table: Path, run: Run):
        self.folder, self.table, self.run = folder / self.name, table, run
        self.class_name = str(run.classes["name"].iloc[run.images["true_c"][run.failures[0]]])

    def install(self) -> None:
        """Make an environment with the tool, unless it is there."""
        if not self.package or self.python.exists():
            return
        subprocess.run([sys.executable, "-m", "venv", self.folder / "env"], check=True)
        uv = shutil.which("uv")
        pip = [uv, "pip", "install", "--python"] if uv else []
        command = [*pip, self.python] if uv else [self.python, "-m", "pip", "install"]
        subprocess.run([*command, "--quiet", self.package], check=True)

    @property
    def python(self) -> Path:
        """The interpreter that the tool is installed for."""
        return self.folder / "env" / "bin" / "python"

    def feed(self) -> float:
        """Have the tool read the images, where it needs that before its start; return seconds."""
        return 0.0

    @abstractmethod
    def command(self, port: int) -> list:
        """Return the command that starts the server."""

    def open(self, page, url: str) -> None:
        """Ask for the first page."""
        page.goto(url, wait_until="commit")

    def is_drawn(self, page) -> bool:
        """Return whether the first page is drawn."""
        pictures = page.evaluate(PICTURES)
        return pictures is not None and len(pictures) >= self.n_first

    def prepare(self, page) -> None:  # noqa: B027 (most need nothing)
        """Go to where a click begins: all images, nothing over them."""

    @abstractmethod
    def one_image(self, page) -> None:
        """Open the first image of the list."""


class Fieldmarks(Tool):
    """This project: the server over the run."""

    name = "fieldmarks"

    def command(self, port: int) -> list:
        """Return the command that starts the server."""
        server = ("--server.headless=true", f"--server.port={port}")
        return [sys.executable, "-m", "streamlit", "run", ROOT / "dashboard/app.py", *server]

    def prepare(self, page) -> None:
        """Open all images as a grid."""
        server = "/".join(page.url.split("/")[:3])
        page.goto(f"{server}/images?run={self.run.name}&show=all")

    def misclassified(self, page) -> None:
        """Choose the failures."""
        page.get_by_role("radio", name="Wrong").click()

    def one_class(self, page) -> None:
        """Choose a true class by its name."""
        box = page.get_by_role("combobox", name="True class")
        box.click()
        box.fill(self.class_name)
        box.press("Enter")

    def one_image(self, page) -> None:
        """Open the first image."""
        page.locator("a:has(img)").first.click()


class LightlyStudio(Tool):
    """LightlyStudio, https://docs.lightly.ai/studio."""

    name, package, n_first = "lightly-studio", "lightly-studio==1.2.0", 12
    script = """
import sys
import lightly_studio as ls
folder, database, port = sys.argv[1:]
is_new = port == "0"
ls.db_manager.connect(db_file=database, cleanup_existing=is_new)
if is_new:
    dataset = ls.ImageDataset.create("images")
    dataset.add_images_from_path(path=folder, embed=False, tag_depth=2)
else:
    ls.ImageDataset.load("images")
    ls.start_gui(host="127.0.0.1", port=int(port))
"""

    def feed(self) -> float:
        """Index the pictures; their folders become tags."""
        started = time.perf_counter()
        subprocess.run(list(map(str, self.command(0))), check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started

    def command(self, port: int) -> list:
        """Return the command that starts the server."""
        pictures, database = self.table.parent / "pictures", self.folder / "images.db"
        return [self.python, "-c", self.script, pictures, database, port]

    def prepare(self, page) -> None:
        """Close the tour that is offered, and leave no tag chosen."""
        tour = page.get_by_role("button", name="Dismiss")
        if tour.count():
            tour.click()
        for chosen in page.get_by_role("checkbox", checked=True).all():
            chosen.click()

    def misclassified(self, page) -> None:
        """Choose the tag."""
        page.get_by_text("misclassified", exact=True).first.click()

    def one_class(self, page) -> None:
        """Choose the tag of a class."""
        page.get_by_text(self.class_name, exact=True).first.click()

    def one_image(self, page) -> None:
        """Open the first image."""
        page.get_by_test_id("sample-grid-item").first.dblclick()


class Spotlight(Tool):
    """Renumics Spotlight, https://renumics.com; a filter is seven steps there, and is not timed."""

    name, package, n_first, steps = "spotlight", "renumics-spotlight==1.8.2", 0, ("one image",)
    script = """
import sys
import pandas as pd
from renumics import spotlight
table, port = sys.argv[1:]
spotlight.show(pd.read_csv(table), dtype={"image": spotlight.Image}, port=int(port),
               no_browser=True, wait="forever", analyze=False)
"""

    def command(self, port: int) -> list:
        """Return the command that starts the server."""
        return [self.python, "-c", self.script, self.table, port]

    def is_drawn(self, page) -> bool:
        """Return whether the table has rows."""
        return page.get_by_text("yes", exact=True).count() > 5

    def one_image(self, page) -> None:
        """Choose the first row, whose picture then shows below."""
        page.get_by_text("yes", exact=True).first.click()


TOOLS = {each.name: each for each in (Fieldmarks, LightlyStudio, Spotlight)}


@contextlib.contextmanager
def started(tool: Tool, page) -> Iterator[tuple[int, float]]:
    """Start a server and ask for its page; give the process and the seconds until it is drawn."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    runs = str(tool.run.folder.parent)
    began = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in tool.command(port)],
        env={**os.environ, "FIELDMARKS_RUNS": runs},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}/"
    try:
        while process.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(url):
                break
            time.sleep(0.02)
        tool.open(page, url)
        until(page, lambda: tool.is_drawn(page))
        yield process.pid, time.perf_counter() - began
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        process.wait(30)


def until(page, is_done) -> None:
    """Return when something is so."""
    deadline = time.monotonic() + TIMEOUT / 1000
    while not is_done():
        if time.monotonic() > deadline:
            raise TimeoutError(page.url)
        page.wait_for_timeout(10)


def other_pictures(page, action) -> float:
    """Return the seconds from an action until other pictures than before are in view, all drawn."""
    before = page.evaluate(PICTURES)
    began = time.perf_counter()
    action(page)

    def is_done() -> bool:
        now = page.evaluate(PICTURES)
        return bool(now) and now != before

    until(page, is_done)
    return time.perf_counter() - began


def own_megabytes(pid: int) -> float:
    """Return the memory that the processes of a server's session hold of their own."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, StopIteration):
            if os.getsid(int(process.name)) == pid:
                lines = (process / "smaps_rollup").read_text("ascii").splitlines()
                private = [line.split()[1] for line in lines if line.startswith("Private_")]
                total += sum(map(int, private))
    return total / 1024


def turn(tool: Tool) -> dict[str, float]:
    """Start a tool, do each step once, and return seconds of the steps and the server's memory."""
    with launch() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(TIMEOUT)
        with started(tool, page) as (pid, seconds):
            taken = {"first page": seconds}
            page.wait_for_timeout(2000)
            began = time.perf_counter()
            page.reload(wait_until="commit")
            until(page, lambda: tool.is_drawn(page))
            taken["reload"] = time.perf_counter() - began
            for step in tool.steps:
                page.wait_for_timeout(3000)
                tool.prepare(page)
                page.wait_for_timeout(3000)
                taken[step] = other_pictures(page, getattr(tool, step.replace(" ", "_")))
            return {**taken, "own MB": own_megabytes(pid)}


def write_images(run: Run, folder: Path) -> Path:
    """Copy test images to folders by class and outcome; return a table of them."""
    xs, name = run.is_test.nonzero()[0], run.classes["name"].to_numpy()
    true, predicted = (name[run.images[f"{side}_c"].iloc[xs]] for side in ("true", "predicted"))
    source, files = read_dataset(Settings.of_run(run).source).image_folder, []
    correct = ["yes" if each else "no" for each in run.is_right[xs]]
    for x, label, said in zip(xs, true, correct, strict=True):
        path, part = Path(run.images["path"].iloc[x]), {"no": "misclassified", "yes": "right"}[said]
        files.append(folder / "pictures" / label / part / f"{x}{path.suffix}")
        files[-1].parent.mkdir(parents=True, exist_ok=True)
        if not files[-1].exists():
            shutil.copy(source / path, files[-1])
    columns = {"image": files, "label": true, "predicted": predicted, "correct": correct}
    pd.DataFrame(columns).to_csv(folder / "images.csv", index=False)
    return folder / "images.csv"


def main() -> None:
    """Install, feed, time in turns and print a row for each tool and step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--folder", type=Path, required=True, help="environments; kept")
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--times", type=int, default=5)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    run = read_run(runs_folder() / args.run)
    table = write_images(run, args.folder.resolve())
    tools = [TOOLS[name](args.folder.resolve(), table, run) for name in args.tools]
    out = csv.writer(sys.stdout)
    print(f"# {run.is_test.sum()} images, {platform.machine()}, load {os.getloadavg()[0]:.1f}")
    out.writerow(["tool", "what", "median", "least", "most", "load"])
    taken: dict[str, list[dict[str, float]]] = {tool.name: [] for tool in tools}
    for tool in tools:
        tool.folder.mkdir(exist_ok=True)
        tool.install()
        out.writerow([tool.name, "reading the images, s", f"{tool.feed():.2f}"])
    for i in range(args.times):
        for tool in tools[i % len(tools) :] + tools[: i % len(tools)]:
            taken[tool.name].append(turn(tool))
    for name, turns in taken.items():
        for what in (*STEPS, "own MB"):
            values = [each[what] for each in turns if what in each]
            if values:
                figures = (statistics.median(values), min(values), max(values))
                out.writerow(
                    [name, what, *(f"{v:.2f}" for v in figures), f"{os.getloadavg()[0]:.1f}"]
                )


if __name__ == "__main__":
    main()
