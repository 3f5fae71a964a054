"""Inputs of estimators whose maps show where each filter looks."""

import numpy as np
from scipy import sparse

from fieldmarks.core.estimators import Inputs
from fieldmarks.core.probability import prior
from tests.support.planted_inputs import planted_inputs


def placed_inputs(seed=0, X=240, C=12) -> Inputs:
    """Colours of bill and wing differ by class; filters 0 to 2 see the bill, 3 to 5 the wing.

    A filter is active in its cell whatever the colour, a little more for one of them.
    """
    rng = np.random.default_rng(seed)
    true_c = np.arange(X) % C
    colours = rng.integers(0, 3, (C, 2))[true_c]
    maps = 0.05 * rng.random((X, 6, 3, 3)).astype(np.float16)
    for x, (bill, wing) in enumerate(colours):
        maps[x, :3, 0, 0] += 1 + np.eye(3)[bill]
        maps[x, 3:, 2, 2] += 1 + np.eye(3)[wing]
    counts = np.zeros((X, 6), int)
    counts[np.arange(X), colours[:, 0]] = 8
    counts[np.arange(X), 3 + colours[:, 1]] = 8
    counts *= rng.random(counts.shape) < 0.9
    table = sparse.csr_array(counts)
    return planted_inputs(
        pooled=maps.mean(axis=(2, 3)).astype(np.float32),
        counts=table,
        n_captions=np.full(X, 10),
        prior=prior(table),
        true_c=true_c,
        nouns=np.repeat(["bill", "wing"], 3),
        adjectives=np.tile(["red", "black", "white"], 2),
        class_weights=np.ones((C, 6), np.float32),
        maps=lambda: iter([(np.arange(0, 100), maps[:100]), (np.arange(100, X), maps[100:])]),
    )
