"""Diversity of explanations: number and entropy of top attributes.

An estimator that explains every image with the same attributes fails this test. A resample draws
some images and classes twice and others not at all, so that it never has more attributes than the
images themselves, and mostly fewer: the spread of the resamples is kept and centred at the figure.
"""

import numpy as np
from scipy import sparse, stats

from fieldmarks.core.bootstrap import Resamples, Score, interval


def score_diversity(
    top: np.ndarray, group: np.ndarray | None = None, seed: int = 0
) -> dict[str, Score]:
    """Return the number of different top attributes and their entropy in bits.

    Parameters
    ----------
    top : ndarray of shape (n,)
        The first attribute of each image's explanation.
    group : ndarray of shape (n,), optional
        Class of each image, see `Resamples`.
    seed : int

    >>> score_diversity(np.array([4, 4, 7, 7]))["entropy"].value
    1.0
    """
    _, member = np.unique(top, return_inverse=True)
    n_kinds = int(member.max(initial=-1)) + 1
    ones, rows = np.ones(len(top), np.float32), np.arange(len(top))
    is_kind = sparse.csr_array((ones, (rows, member)), shape=(len(top), n_kinds))
    counts = Resamples(len(top), seed=seed, group=group) @ is_kind
    plain = np.bincount(member, minlength=n_kinds)
    figures = {
        "different top attributes": (n_kinds, (counts > 0).sum(axis=1)),
        "entropy": (stats.entropy(plain, base=2), stats.entropy(counts, base=2, axis=1)),
    }
    return {
        name: interval(value, again - again.mean() + value, len(top))
        for name, (value, again) in figures.items()
    }
