"""How fast a confusion matrix of 200 classes is drawn, with ever more cells that hold images.

``python -m benchmarks.confusion_cells [--classes 200]`` makes runs of CUB's 11,788 images and
that many classes, and opens the page by its link in a real browser. Prints CSV, a row for each:
cells with failures, milliseconds of processor time of the page's script (first, and again with the
order of the classes known), milliseconds of the browser from the link to the drawn matrix, and
megabytes sent. The browser has no graphics card.
"""

import argparse
import os
import statistics
import tempfile
import time
from contextlib import AbstractContextManager
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.pages import FOLLOW
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from tests.support import synthetic_run
from tests.support.browser import launch, serve, settle
from tests.support.pages import visit
from tests.support.synthetic_run import write_synthetic_run

ACCURACIES = (0.97, 0.8, 0.1)
N_TIMES = 5


def same_picture() -> AbstractContextManager:
    """Give all images the same picture, so that a run of very many is made in seconds."""
    picture = synthetic_run.jpeg(0, np.random.default_rng(0))
    return patch.object(synthetic_run, "jpeg", lambda *_: picture)


def with_accuracy(run: Run, accuracy: float) -> None:
    """Write predictions that are right as often as said and wrong at random otherwise."""
    rng = np.random.default_rng(0)
    images = run.images.copy()
    C = run.sizes["C"]
    true_c = images["true_c"].to_numpy()
    other = (true_c + rng.integers(1, C, len(true_c))) % C
    is_right = rng.random(len(true_c)) < accuracy
    images["predicted_c"] = np.where(is_right, true_c, other).astype(np.int32)
    images.to_parquet(run.folder / "tables" / "images.parquet")


def server_times(name: str) -> list[float]:
    """Return the milliseconds of opening the page in a session, the first of them without cache."""
    app = visit(f"search?run={name}")
    times = []
    for _ in range(N_TIMES):
        start = time.process_time()
        app = visit(f"confusion?run={name}", app)
        times.append(1000 * (time.process_time() - start))
        assert not app.exception
        app = visit(f"search?run={name}", app)
    return times


def browser_times(url: str, name: str) -> tuple[list[float], float]:
    """Return the milliseconds from the link to the drawn matrix, and the megabytes received."""
    with launch() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(120_000)
        received = [0]
        page.on(
            "websocket",
            lambda socket: socket.on(
                "framereceived", lambda data: received.__setitem__(0, received[0] + len(data))
            ),
        )
        times = []
        for _ in range(N_TIMES):
            page.goto(f"{url}/search?run={name}")
            settle(page)
            received[0] = 0
            start = time.perf_counter()
            page.evaluate(FOLLOW, f"{url}/confusion?run={name}")
            page.locator("canvas[data-painted]").wait_for()
            times.append(1000 * (time.perf_counter() - start))
        return times, received[0] / 1e6


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--classes", type=int, default=200)
    arguments = parser.parse_args()
    print("classes,cells,server_first_ms,server_again_ms,browser_ms,received_mb")
    with tempfile.TemporaryDirectory() as folder, same_picture():
        os.environ["FIELDMARKS_RUNS"] = folder
        for i, accuracy in enumerate(ACCURACIES):
            name, C = f"run{i}", arguments.classes
            run = write_synthetic_run(Path(folder), name, X=11_788, F=64, C=C, H=1, W=1)
            with_accuracy(run, accuracy)
            first, *again = server_times(name)
            with serve(Path(folder)) as server:
                drawn, received = browser_times(server.url, name)
            images = read_run(run.folder).images[run.is_test]
            cells = images.groupby(["true_c", "predicted_c"]).ngroups
            times = (first, statistics.median(again), statistics.median(drawn))
            print(C, cells, *(f"{each:.0f}" for each in times), f"{received:.2f}", sep=",")


if __name__ == "__main__":
    main()
