"""How often captions without meaning give filters names: null runs of the permutation test.

    python -m benchmarks.null_runs RUN [--runs DIR] [--n 20]

In a null run classes have exchanged their captions before anything is estimated, so every name is
an accident. The nominal share of filters with a name is the level of the test, 5 %. One CSV row a
null run, after the row of the real captions.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from fieldmarks.core.estimators import Estimate, Inputs, words
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.estimators.significance import attribute_significance, filters_table, shuffled
from fieldmarks.core.name_status import NameStatus
from fieldmarks.core.run.reading import open_run


def verdicts(name: str, inputs: Inputs, seed: int) -> np.ndarray:
    """Return the verdict on each filter of an estimate from these inputs."""
    p = words(name, inputs)
    observed = Estimate(p, p, np.zeros(p.shape[1], np.float32))
    q_value, _ = attribute_significance(name, inputs, observed, seed)
    return filters_table(p, q_value, inputs.class_weights)["verdict"].to_numpy()


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--n", type=int, default=20, help="null runs")
    args = parser.parse_args()
    run = open_run(args.run, args.runs)
    inputs, name, shares = inputs_of(run), run.default_estimator, []
    print("captions,filters,named,several names,share with a name")
    for seed in range(args.n + 1):
        rng = np.random.default_rng(1000 + seed)
        given = replace(shuffled(inputs, rng), maps=inputs.maps) if seed else inputs
        statuses = verdicts(name, given, seed)
        counts = [(statuses == status).sum() for status in (NameStatus.NAMED, NameStatus.SEVERAL)]
        share = sum(counts) / len(statuses)
        shares += [share] * (seed > 0)
        label = f"null {seed}" if seed else "real"
        print(f"{label},{len(statuses)},{counts[0]},{counts[1]},{share:.4f}", flush=True)
    print(f"mean of the null runs,,,,{np.mean(shares):.4f}")


if __name__ == "__main__":
    main()
