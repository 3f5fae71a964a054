"""Counts how many labels of a given score are wrong: planted ones, in made worlds and real runs.

    python -m benchmarks.label_reliability RUN [RUN ...] --runs DIR

In a made world (``DIR/.worlds/RUN``) the planted wrong labels are the truth. In another run 4 % of
the labels are exchanged for one of the two classes whose images are nearest, three times with other
seeds; the network stays, and what else is listed counts as right, though it may be wrong as well.
"""

import argparse
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from fieldmarks.core.causes.label_evidence import nearest_neighbours
from fieldmarks.core.causes.wrong_label import find_wrong_label
from fieldmarks.core.run.files import runs_folder
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.demo_world.planting.ground_truth import Truth

SHARE, N_SEEDS, N_NEAREST = 0.04, 3, 2
EDGES = (0.5, 0.6, 0.75, 0.9, 0.98, 1.01)


def planted(run: Run, world: Path) -> Iterator[tuple[Run, np.ndarray]]:
    """Yield runs with the truth of their labels, (X,) bool: whether each is planted."""
    if world.exists():
        truth = Truth.read(world).images.set_index("path").loc[run.images["path"]]
        yield run, truth["is_wrong_label"].to_numpy()
        return
    labels, C = run.images["true_c"].to_numpy(), run.sizes["C"]
    yield run, np.zeros(len(labels), bool)
    mixed = np.zeros((C, C))
    for c, of_nearest in zip(labels, labels[nearest_neighbours(run)], strict=True):
        np.add.at(mixed[c], of_nearest, 1)
    np.fill_diagonal(mixed, -1)
    nearest = np.argsort(-mixed, axis=1)[:, : min(N_NEAREST, C - 1)]
    for seed in range(N_SEEDS):
        rng = np.random.default_rng(seed)
        xs = rng.choice(len(labels), round(SHARE * len(labels)), replace=False)
        exchanged = labels.copy()
        exchanged[xs] = nearest[labels[xs], rng.integers(nearest.shape[1], size=len(xs))]
        images = run.images.assign(true_c=exchanged)
        yield (
            run.changed({}, {"images": images}, stamp=seed + 1),
            np.isin(np.arange(len(labels)), xs),
        )


def main() -> None:
    """Print one CSV row a run: planted of listed, for each interval of scores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="+")
    parser.add_argument("--runs", type=Path)
    args = parser.parse_args()
    intervals = list(pairwise(EDGES))
    print("run,planted,found,listed," + ",".join(f"from {low}" for low, _ in intervals))
    for name in args.run:
        world = (args.runs or runs_folder()) / ".worlds" / name
        for run, is_planted in planted(open_run(name, args.runs), world):
            score = find_wrong_label(run)[0].score
            inside = [(score >= low) & (score < high) for low, high in intervals]
            cells = [f"{is_planted[each].sum()} of {each.sum()}" for each in inside]
            listed = score >= EDGES[0]
            row = (name, is_planted.sum(), (is_planted & listed).sum(), listed.sum(), *cells)
            print(*row, sep=",", flush=True)


if __name__ == "__main__":
    main()
