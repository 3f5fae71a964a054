"""What excluding words that never meet changes in sentences: clashes, precision, recall.

``python -m benchmarks.exclusion RUN`` prints CSV: one row for the test images at odd places
in the order of their class, one for those at even places, which nothing was looked at on. Brackets
are bootstrap 95 % intervals over images of the difference in precision.
"""

import argparse

import numpy as np

from benchmarks.row import print_row
from fieldmarks.core.explanations.attribute_ranking import top_attributes
from fieldmarks.core.explanations.never_together import never_together
from fieldmarks.core.probability import p_t_given_xc
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run

N_RESAMPLES = 2000


def places_in_class(run: Run) -> np.ndarray:
    """Return the place of each image among those of its class, shape (X,)."""
    true_c = run.images["true_c"].to_numpy()
    places = np.zeros(len(true_c), int)
    for c in range(run.sizes["C"]):
        xs = np.flatnonzero(true_c == c)
        places[xs] = np.arange(len(xs))
    return places


def clashes(top: np.ndarray, excludes: np.ndarray) -> np.ndarray:
    """Return whether each sentence has two attributes that exclude each other, shape (n,)."""
    each = np.where(top >= 0, top, 0)
    is_there = top >= 0
    both = is_there[:, :, None] & is_there[:, None, :]
    return (excludes[each[:, :, None], each[:, None, :]] & both).any(axis=(1, 2))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", metavar="RUN")
    run = open_run(parser.parse_args().run)
    xs = np.flatnonzero(run.is_test & (run.images["n_captions"].to_numpy() > 0))
    c = run.images["predicted_c"].to_numpy()[xs]
    weights = np.asarray(run.weights(xs, c))
    p = p_t_given_xc(run.array("pooled")[xs], weights, np.asarray(run.array("p_t_given_f")))
    has = run.counts[xs].toarray() > 0
    excludes = never_together(run)
    k = min(N_EXPLAIN, run.sizes["T"])
    tops = [top_attributes(p, run.attributes, k, each) for each in (None, excludes)]
    hits = [np.take_along_axis(has, np.maximum(top, 0), axis=1) & (top >= 0) for top in tops]
    is_odd = places_in_class(run)[xs] % 2 == 1
    rng = np.random.default_rng(0)
    for name, chosen in (("odd", is_odd), ("even", ~is_odd)):
        before, after = (
            (hit.sum(axis=1) / np.maximum((top >= 0).sum(axis=1), 1))[chosen]
            for hit, top in zip(hits, tops, strict=True)
        )
        n = len(before)
        drawn = rng.integers(0, n, (N_RESAMPLES, n))
        low, high = np.percentile((after - before)[drawn].mean(axis=1), [2.5, 97.5])
        print_row(
            "exclusion",
            run=run.name,
            places=name,
            images=n,
            pairs=excludes.nnz // 2,
            clashing_before=float(clashes(tops[0], excludes.toarray())[chosen].mean()),
            clashing_after=float(clashes(tops[1], excludes.toarray())[chosen].mean()),
            precision_before=float(before.mean()),
            precision_after=float(after.mean()),
            difference=f"{(after - before).mean():.4f} [{low:.4f}, {high:.4f}]",
        )


if __name__ == "__main__":
    main()
