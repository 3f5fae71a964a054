"""Time and memory of a repair's preview at CUB's full size: 11,788 images, 2,048 filters.

    python -m tests.benchmarks.repair_full_size

Activations are random, so only time and memory mean anything.
"""

import tempfile
import time
from pathlib import Path

from core.repair.preview import baselines, halves, preview
from core.repair.recipe import Recipe
from core.repair.repaired import before_and_after, changed_words, write_repaired
from tests.benchmarks.row import print_row
from tests.synthetic_run import write_synthetic_run

SIZES = {"X": 11_788, "F": 2048, "T": 600, "C": 200, "H": 1, "W": 1}


def main() -> None:
    """Measure each step of the page once."""
    with tempfile.TemporaryDirectory() as folder:
        run = write_synthetic_run(Path(folder), **SIZES)
        recipe = Recipe(balanced_attributes=(0,), balance_classes=True)
        result = timed("preview", lambda: preview(run, recipe))
        timed("baselines, once per run", lambda: baselines(run))
        _, judge = halves(run)
        comparison = timed("before and after", lambda: before_and_after(run, result.head, judge))
        timed("changed words", lambda: changed_words(comparison))
        timed("write", lambda: write_repaired(run, result.head, "repaired", {}))


def timed(what: str, work):
    """Print how long work takes, and return its result."""
    start = time.perf_counter()
    result = work()
    print_row("repair_full_size", step=what, seconds=time.perf_counter() - start)
    return result


if __name__ == "__main__":
    main()
