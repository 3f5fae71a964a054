"""How fast the map is drawn and a region read with very many images, in a real browser.

``python -m tests.benchmarks.map_points [--images 100000]`` makes a run of that many made-up images,
opens its map and draws boxes on it. Prints a row for each step: milliseconds from the link or the
release of the mouse until the points or the words are drawn, and megabytes each way. The browser
has no graphics card, so it draws in software.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from tests import synthetic_run
from tests.benchmarks.pages import FOLLOW
from tests.browser import launch, serve, settle

N_TIMES = 3
#: Resolves two frames after points are there.
POINTS = """() => new Promise(done => {
  const wait = () => document.querySelector(".gl-canvas") && document.querySelector(".gl-container")
    ? requestAnimationFrame(() => requestAnimationFrame(() => done(true)))
    : setTimeout(wait, 5);
  wait();
})"""


def small_pictures() -> None:
    """Give all images the same picture, so that a run of very many is made in seconds."""
    picture = synthetic_run.jpeg(0, np.random.default_rng(0))
    synthetic_run.jpeg = lambda *_: picture


def measure(url: str, name: str):
    """Yield the name, milliseconds and megabytes received and sent of each step."""
    with launch() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(120_000)
        moved = {"received": 0, "sent": 0}

        def count(socket) -> None:
            socket.on("framereceived", lambda data: add("received", data))
            socket.on("framesent", lambda data: add("sent", data))

        def add(way: str, data) -> None:
            moved[way] += len(data)

        page.on("websocket", count)

        def step(what: str, action, drawn) -> tuple:
            moved.update(received=0, sent=0)
            start = time.perf_counter()
            action()
            drawn()
            ms = 1000 * (time.perf_counter() - start)
            return what, ms, moved["received"] / 1e6, moved["sent"] / 1e6

        for _ in range(N_TIMES):
            page.goto(f"{url}/search?run={name}")
            settle(page)
            target = f"{url}/map?run={name}"
            yield step(
                "open",
                lambda to=target: page.evaluate(FOLLOW, to),
                lambda: page.evaluate(POINTS),
            )
            settle(page)
            box = page.locator(".js-plotly-plot .plot-container").bounding_box()
            page.locator('[data-title="Box Select"]').click()
            for part in (0.1, 0.3, 0.6):
                x, y = box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5
                half = part * min(box["width"], box["height"]) / 2
                page.mouse.move(x - half, y - half)
                page.mouse.down()
                page.mouse.move(x, y, steps=3)
                start = time.perf_counter()
                page.mouse.move(x + half, y + half)
                page.evaluate("() => new Promise(d => requestAnimationFrame(() => d(1)))")
                yield f"drag, box of {part}", 1000 * (time.perf_counter() - start), 0, 0
                yield step(
                    f"release, box of {part}",
                    page.mouse.up,
                    lambda: page.get_by_text("test images here").wait_for(),
                )
                settle(page)
                page.get_by_role("button", name="Clear").click()
                page.get_by_text("Draw a region on the map").wait_for()
                settle(page)
        page.close()


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    arguments = parser.parse_args()
    small_pictures()
    sizes = {"X": arguments.images, "F": 16, "T": 200, "C": 200, "H": 1, "W": 1}
    with tempfile.TemporaryDirectory() as folder:
        synthetic_run.write_synthetic_run(Path(folder), "many", **sizes)
        rows: dict[str, list] = {}
        with serve(Path(folder)) as server:
            for what, *numbers in measure(server.url, "many"):
                rows.setdefault(what, []).append(numbers)
    print("step,median_ms,first_ms,received_mb,sent_mb")
    for what, numbers in rows.items():
        ms, received, sent = zip(*numbers, strict=True)
        print(f"{what},{statistics.median(ms):.0f},{ms[0]:.0f},{received[-1]:.2f},{sent[-1]:.2f}")


if __name__ == "__main__":
    main()
