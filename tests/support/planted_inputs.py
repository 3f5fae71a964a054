"""Inputs of estimators in which filters follow attributes that are known."""

import numpy as np
from scipy import sparse

from fieldmarks.core.estimators import Inputs
from fieldmarks.core.probability import prior

X, F, T, C = 60, 7, 5, 3


def planted_inputs(seed=0, noise=0.3, **changes) -> Inputs:
    """Filter f is active on images whose captions name attribute f, for f < T; others are noise."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 8, (X, T)) * (rng.random((X, T)) < [0.9, 0.6, 0.4, 0.3, 0.2])
    counts[np.arange(T), np.arange(T)] = 5
    pooled = rng.random((X, F)) * noise
    pooled[:, :T] += counts / 10
    pooled[:, -1] += 2
    arrays = {
        "pooled": pooled.astype(np.float32),
        "counts": sparse.csr_array(counts),
        "n_captions": np.full(X, 10),
        "prior": prior(sparse.csr_array(counts)),
        "true_c": rng.integers(0, C, X),
        "nouns": np.array(["head", "head", "bill", "wing", "wing"]),
        "adjectives": np.array(["red", "black", "red", "black", "white"]),
        "class_weights": rng.uniform(0.5, 1.5, (C, F)).astype(np.float32),
    }
    return Inputs(**(arrays | changes))
