"""Outlyingness: how far an image's activations lie from the mean of its class."""

import numpy as np

from fieldmarks.core.batching import blocks
from fieldmarks.core.class_statistics import class_sums, distances_to_mean
from fieldmarks.core.run.run import Run


def outlyingness(run: Run) -> np.ndarray:
    """Return the share of a class's training images that lie nearer to its mean, shape (X,).

    Distances are Euclidean in pooled activations, the mean is over the class's readable training
    images. In [0, 1]; NaN where the class has none.
    """
    images, (X, C, F) = run.images, (run.sizes[size] for size in "XCF")
    true_c, is_train = images["true_c"].to_numpy(), images["is_train"].to_numpy() & run.is_readable
    means = np.zeros((C, F))
    for block in blocks(X):
        xs = np.arange(X)[block][is_train[block]]
        means += class_sums(run.array("pooled")[xs], true_c[xs], C)
    means /= np.maximum(np.bincount(true_c[is_train], minlength=C), 1)[:, None]
    distance = np.concatenate(
        [distances_to_mean(run.array("pooled")[block], true_c[block], means) for block in blocks(X)]
    )
    share = np.full(X, np.nan)
    for c in np.unique(true_c[is_train]):
        reference = np.sort(distance[is_train & (true_c == c)])
        is_member = true_c == c
        share[is_member] = np.searchsorted(reference, distance[is_member]) / len(reference)
    return share
