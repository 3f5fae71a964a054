"""How far what the network saw in an image lies from what it usually sees in the image's class."""

import numpy as np

from core.batching import blocks
from core.class_statistics import class_sums, distances
from core.runs.run import Run


def unlikeness(run: Run) -> np.ndarray:
    """Return the share of a class's training images whose activations are more usual, shape (X,).

    Usual is near to the mean of the class's readable training images, in pooled activations. In
    [0, 1]; NaN where the class has none.
    """
    images, (X, C, F) = run.images, (run.sizes[size] for size in "XCF")
    true_c, is_train = images["true_c"].to_numpy(), images["is_train"].to_numpy() & run.is_readable
    means = np.zeros((C, F))
    for block in blocks(X):
        xs = np.arange(X)[block][is_train[block]]
        means += class_sums(run.array("pooled")[xs], true_c[xs], C)
    means /= np.maximum(np.bincount(true_c[is_train], minlength=C), 1)[:, None]
    distance = np.concatenate(
        [distances(run.array("pooled")[block], true_c[block], means) for block in blocks(X)]
    )
    share = np.full(X, np.nan)
    for c in np.unique(true_c[is_train]):
        usual = np.sort(distance[is_train & (true_c == c)])
        own = true_c == c
        share[own] = np.searchsorted(usual, distance[own]) / len(usual)
    return share
