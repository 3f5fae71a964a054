"""How smoothly the map moves in a real browser that draws without a GPU.

``python -m benchmarks.map_frames [--images 1200 20000 100000]`` makes runs of so many images
and prints a CSV row for each: milliseconds until the map is painted, and, for moving, zooming, a
lasso and pointing, frames a second and the longest frame while the mouse moves for a second or
two; then milliseconds from letting go of the lasso to what the region says, and from a click on a
point to its image. Frames are those of the browser's own clock (`requestAnimationFrame`), at most
60 a second.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

from benchmarks.confusion_cells import same_picture
from tests.support.browser import launch, serve, settle
from tests.support.synthetic_run import write_synthetic_run

N_STEPS = 90  #: movements of the mouse, one every sixtieth of a second
COUNT = """() => {
  window.frames_ = [];
  const note = (now) => {
    window.frames_.push(now);
    if (window.counting) requestAnimationFrame(note);
  };
  window.counting = true;
  requestAnimationFrame(note);
}"""
COUNTED = """() => {
  window.counting = false;
  const times = window.frames_, gaps = times.slice(1).map((time, i) => time - times[i]);
  return [1000 * gaps.length / (times.at(-1) - times[0]), Math.max(...gaps)];
}"""


def frames(page, action) -> tuple[float, float]:
    """Return frames a second and the longest frame in milliseconds while an action lasts."""
    page.evaluate(COUNT)
    action()
    return tuple(page.evaluate(COUNTED))


def measure(page, url: str, name: str) -> list[float]:
    """Return the row of one run."""
    page.goto(f"{url}/search?run={name}")
    settle(page)
    start = time.perf_counter()
    page.goto(f"{url}/map?run={name}")
    page.locator("canvas.points[data-painted]").wait_for()
    row = [1000 * (time.perf_counter() - start)]
    settle(page)
    canvas = page.locator("canvas.points")
    box = canvas.bounding_box()

    def at(col: float, row: float) -> tuple[float, float]:
        return box["x"] + col * box["width"], box["y"] + row * box["height"]

    def drag(*stops: tuple[float, float], lets_go: bool = True) -> None:
        page.mouse.move(*at(*stops[0]))
        page.mouse.down()
        for stop in stops[1:]:
            page.mouse.move(*at(*stop), steps=N_STEPS // (len(stops) - 1))
        if lets_go:
            page.mouse.up()

    def zoom() -> None:
        page.mouse.move(*at(0.5, 0.5))
        for step in range(N_STEPS):
            page.mouse.wheel(0, -40 if step < N_STEPS // 2 else 40)

    page.get_by_role("button", name="Move").click()
    row += frames(page, lambda: drag((0.5, 0.5), (0.7, 0.6), (0.3, 0.4), (0.5, 0.5)))
    row += frames(page, zoom)
    page.get_by_role("button", name="Whole map").click()
    row += frames(page, lambda: page.mouse.move(*at(0.8, 0.8), steps=N_STEPS))
    page.get_by_role("button", name="Lasso").click()
    square = ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7), (0.3, 0.35))
    row += frames(page, lambda: drag(*square, lets_go=False))
    start = time.perf_counter()
    page.mouse.up()
    page.get_by_text("test images here").wait_for()
    row.append(1000 * (time.perf_counter() - start))
    settle(page)
    start = time.perf_counter()
    page.mouse.click(*at(0.5, 0.5))
    page.wait_for_url("**/failures?**x=**")
    page.get_by_role("button", name="Next").wait_for()
    return [*row, 1000 * (time.perf_counter() - start)]


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=[1_200, 20_000, 100_000])
    arguments = parser.parse_args()
    of_frames = [f"{what}_{unit}" for what in ("move", "zoom", "point", "lasso")
                 for unit in ("fps", "longest_ms")]  # fmt: skip
    print("images", "painted_ms", *of_frames, "region_ms", "click_ms", sep=",")
    with tempfile.TemporaryDirectory() as folder, same_picture():
        os.environ["FIELDMARKS_RUNS"] = folder
        for X in arguments.images:
            write_synthetic_run(Path(folder), f"run{X}", X=X, F=64, C=200, H=1, W=1)
        with serve(Path(folder)) as server, launch() as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 1000})
            page.set_default_timeout(120_000)
            for X in arguments.images:
                figures = measure(page, server.url, f"run{X}")
                print(X, *(f"{each:.0f}" for each in figures), sep=",", flush=True)


if __name__ == "__main__":
    main()
