"""Time and memory of a repair at CUB's full size: 11,788 images, 2,048 filters, 200 classes.

    python -m benchmarks.repair_full_size [RUN] [--runs DIR]

Without a run's name activations are random, so only time and memory mean anything, and kinds of
recipes that need diagnoses or feature maps are left out. Prints a row for each kind of recipe and
for each further step of the page: seconds, seconds of processor time (of two cores, so up to twice
as many; far fewer than that: something else kept a core busy), the most memory of its own that the
process held meanwhile beyond what it held before, in MB, and the penalty that was chosen.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from benchmarks.row import print_row
from fieldmarks.core.errors import DataError
from fieldmarks.core.repair.preview import Judged, baselines, halves, preview, removal
from fieldmarks.core.repair.recipe import Labels, Recipe
from fieldmarks.core.repair.repaired import before_and_after, changed_words, write_repaired
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run
from tests.support.synthetic_run import write_synthetic_run

SIZES = {"X": 11_788, "F": 2048, "T": 600, "C": 200, "H": 1, "W": 1}
RECIPES = {
    "plain refit": Recipe(),
    "labels left out": Recipe(labels=Labels.DROP),
    "labels corrected": Recipe(labels=Labels.CORRECT),
    "word balanced": Recipe(balanced_attributes=(0,)),
    "classes alike": Recipe(balance_classes=True),
    "wrong images five times": Recipe(hard_weight=5),
    "word and filter off": Recipe(off_attributes=(0,), off_filters=(0,)),
    "background exchanged": Recipe(ignore_background=True),
}


def main() -> None:
    """Measure each kind of recipe and each step of the page once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", nargs="?", help="default: random activations")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=list(RECIPES))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.run:
            run = open_run(arguments.run, arguments.runs)
        else:
            run = write_synthetic_run(Path(folder), **SIZES)
        measure(run, arguments.only, writes=not arguments.run)


def measure(run: Run, names: list[str], writes: bool) -> None:
    """Print the rows of a run; ``writes`` it repaired beside itself."""
    result = None
    for name in names:
        try:
            result = timed(f"preview: {name}", lambda recipe=RECIPES[name]: preview(run, recipe))
        except DataError as error:
            print(f"# {name}: {error}", flush=True)
    timed("baselines, once per run", lambda: baselines(run))
    timed("removal of a filter", lambda: removal(run, Recipe(off_filters=(0,))))
    assert result is not None
    _, judge = halves(run)
    comparison = timed("before and after", lambda: before_and_after(run, result.head, judge))
    timed("changed words", lambda: changed_words(comparison))
    if writes:
        timed("write", lambda: write_repaired(run, result.head, "repaired", {}))


def timed(what: str, work: Callable):
    """Print how long work takes and what memory, and return its result."""
    with _memory() as most:
        start, used = time.perf_counter(), time.process_time()
        result = work()
        seconds, used = time.perf_counter() - start, time.process_time() - used
    row = {"step": what, "seconds": seconds, "cpu_seconds": used, "own_mb": most[0]}
    if isinstance(result, Judged):
        row |= {"penalty": result.penalty, "fixed": result.n_fixed, "broken": result.n_broken}
    print_row("repair_full_size", **row)
    return result


@contextmanager
def _memory():
    """Yield a list whose only number becomes the most anonymous memory beyond that before, MB."""
    most, before, is_over = [0], _anonymous(), threading.Event()

    def watch() -> None:
        while not is_over.wait(0.02):
            most[0] = max(most[0], _anonymous() - before)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    yield most
    is_over.set()
    watcher.join()


def _anonymous() -> int:
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(x.split()[1]) // 1024 for x in status.splitlines() if x.startswith("RssAnon"))


if __name__ == "__main__":
    main()
