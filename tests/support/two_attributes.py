"""A run whose captions say one of two things, for tests of filters against captions."""

from pathlib import Path

import numpy as np

from fieldmarks.core.run.run import Run
from tests.support.counts import count_arrays
from tests.support.synthetic_run import write_synthetic_run


def run_of_two_attributes(folder: Path, X: int) -> Run:
    """Return a run in which four in ten captioned images have attribute 0, the others 1."""
    run = write_synthetic_run(folder, X=X, T=16, R=12)
    counts = run.counts.toarray()
    captions = run.images["n_captions"].to_numpy()
    is_first = np.random.default_rng(0).random(len(counts)) < 0.4
    counts[:, 0], counts[:, 1] = captions * is_first, captions * ~is_first
    return run.changed(count_arrays(counts))
