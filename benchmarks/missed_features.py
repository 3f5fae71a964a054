"""How often a missed feature is named as the cause where nothing failed.

    python -m benchmarks.missed_features RUN [RUN ...] [--runs DIR]

Every fourth right test image is called a failure: predicted is the class with the second highest
score. What the network sees stays, so a cause that is named of it is false. Prints a CSV row a run:
images, and the share of them with a missed feature (score of a half and more); of the real failures
beside.
"""

import argparse
from pathlib import Path

import numpy as np

from fieldmarks.core.causes.missing_feature import find_missing_feature
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run

EVERY, DECIDED = 4, 0.5


def as_failures(run: Run) -> tuple[Run, np.ndarray]:
    """Return the run in which some right images count as failures, and these images x."""
    xs = np.flatnonzero(run.is_test & run.is_right)[::EVERY]
    predicted_c = run.images["predicted_c"].to_numpy().copy()
    scores = np.array(run.array("logits")[xs], float)
    scores[np.arange(len(xs)), predicted_c[xs]] = -np.inf
    predicted_c[xs] = scores.argmax(axis=1)
    images = run.images.assign(predicted_c=predicted_c)
    return run.changed({}, {"images": images}, stamp=1), xs


def main() -> None:
    """Print a row for each run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="+")
    parser.add_argument("--runs", type=Path)
    args = parser.parse_args()
    print("run,right images,named of them %,failures,named of them %")
    for name in args.run:
        run = open_run(name, args.runs)
        row = [name]
        for judged, xs in (as_failures(run), (run, run.failures)):
            score = find_missing_feature(judged, xs).score[xs]
            row += [str(len(xs)), f"{100 * (score >= DECIDED).mean():.1f}"]
        print(*row, sep=",", flush=True)


if __name__ == "__main__":
    main()
