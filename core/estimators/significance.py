"""Permutation test of filter attributes: significance of p(t given f) against permuted captions.

The p.d.f.s are estimated again from permuted captions, which gives the null distribution of each
p(t given f). An attribute that is significant after false discovery control can be a filter name.
Images of a class share captions and activations, so single images are not exchangeable: permuting
them rejects for the structure of classes alone. The captions are permuted between whole classes,
however few there are: what a name has to exceed is what any other assignment of captions to classes
would give. Of a single class the images are permuted.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from core.batching import blocks
from core.estimators import Estimate, Inputs, words
from core.name_status import MAX_Q, NameStatus

#: Permutations for mean and standard deviation of the null, and as many for its tail.
N_SHUFFLES = 20
#: A filter with at most this many names is "named".
FEW_NAMES = 3
#: Minimum excess of a name over the average filter, relative to the filter's largest excess.
NEXT_TO_BEST = 0.5
#: Attributes of each filter that are kept of an estimate from permuted captions.
N_LARGEST = 32


def attribute_significance(
    name: str,
    inputs: Inputs,
    observed: Estimate,
    seed: int = 0,
    n_shuffles: int = N_SHUFFLES,
    look: Callable[[np.ndarray], None] = lambda p_t_given_f: None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return q-values and the upper bound of the null distribution of an estimate.

    Square roots of probabilities have nearly equal variance. The first permutations give their mean
    and standard deviation for every filter and attribute. The tail of the standardised null, which
    is heavy for rare attributes, comes from the other permutations for all filters together: the
    p-value is the share of (permutation, filter) pairs with a value at least as high. Attributes of
    similar frequency share their tail where one alone has too few pairs to pass the false discovery
    control, which is done per filter over T (Benjamini and Hochberg, 1995).

    Parameters
    ----------
    name : str
        The estimator that computed ``observed``.
    inputs : Inputs
        Its inputs; the maps are not read.
    observed : Estimate
        The estimate to test.
    seed : int
        Of the permutations.
    n_shuffles : int
        Permutations for each of the two purposes, at least 2.
    look : callable
        Is given the p(t given f) of each permutation, shape (F, T), 2 ``n_shuffles`` in all.

    Returns
    -------
    q_value : ndarray of shape (F, T), float32
        In [0, 1].
    null_high : ndarray of shape (F, T), float32
        95th percentile of p(t given f) under permuted captions, in [0, 1].
    """
    rng = np.random.default_rng(seed)
    null = _null_estimates(name, inputs, rng, look)
    mean, spread = _noise(null, observed.p_t_given_f.shape, n_shuffles)
    z = (np.sqrt(observed.p_t_given_f) - mean) / spread
    F, T = z.shape
    n_sharing = int(np.ceil(2 * T / (MAX_Q * n_shuffles * F)))
    by_frequency = np.argsort(-inputs.counts.sum(axis=0), kind="stable")
    alike = [by_frequency[block] for block in blocks(T, n_sharing)]
    p_value, high = np.zeros((F, T)), np.zeros(T, np.float32)
    for _ in range(n_shuffles):
        noise = (np.sqrt(next(null)) - mean) / spread
        high += np.quantile(noise, 0.95, axis=0) / n_shuffles
        for ts in alike:
            tail = np.sort(noise[:, ts], axis=None)
            p_value[:, ts] += 1 - np.searchsorted(tail, z[:, ts]) / len(tail)
    least = 1 / (n_shuffles * F * n_sharing)
    p_value = np.clip(p_value / n_shuffles + least, 0, 1)
    null_high = np.clip(mean + high * spread, 0, 1) ** 2
    q_value = np.empty((F, T), np.float32)
    for f in range(F):
        q_value[f] = stats.false_discovery_control(p_value[f])
    return q_value, null_high


def _null_estimates(
    name: str, inputs: Inputs, rng: np.random.Generator, look: Callable[[np.ndarray], None]
) -> Iterator[np.ndarray]:
    """Yield p(t given f) under one permutation after another, without end."""
    while True:
        p_t_given_f = words(name, shuffled(inputs, rng))
        look(p_t_given_f)
        yield p_t_given_f


def largest_of_filters(
    p_t_given_f: np.ndarray, n: int = N_LARGEST
) -> tuple[np.ndarray, np.ndarray]:
    """Return the n largest p(t given f) of each filter: t, int32, and p, float16, (F, n) each.

    >>> t, p = largest_of_filters(np.array([[0.25, 0.5, 0.125, 0.125]]), 2)
    >>> t.tolist(), p.tolist()
    ([[1, 0]], [[0.5, 0.25]])
    """
    n = min(n, p_t_given_f.shape[1])
    t = np.argpartition(-p_t_given_f, n - 1, axis=1)[:, :n].astype(np.int32)
    p = np.take_along_axis(np.asarray(p_t_given_f), t, axis=1)
    order = np.argsort(-p, axis=1, kind="stable")
    t, p = (np.take_along_axis(values, order, axis=1) for values in (t, p))
    return t, p.astype(np.float16)


def _noise(
    null: Iterator[np.ndarray], shape: tuple[int, int], n_shuffles: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of sqrt(p(t given f)) under permutation, (F, T)."""
    mean, scatter = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for n in range(1, n_shuffles + 1):
        root = np.sqrt(next(null))
        delta = root - mean
        mean += delta / n
        scatter += delta * (root - mean)
    spread = np.sqrt(scatter / (n_shuffles - 1))
    return mean, np.maximum(spread, np.finfo(np.float32).eps)


def shuffled(inputs: Inputs, rng: np.random.Generator) -> Inputs:
    """Return inputs in which captions are permuted between classes, without maps.

    A class that gets the captions of a larger class uses a part of them; one that gets those of a
    smaller class repeats some of them.
    """
    classes, member = np.unique(inputs.true_c, return_inverse=True)
    giver = rng.permutation(len(classes))
    rows = np.empty(len(inputs.true_c), int)
    for c in range(len(classes)):
        given = rng.permutation(np.flatnonzero(member == giver[c]))
        rows[member == c] = np.resize(given, (member == c).sum())
    counts, n_captions = inputs.counts[rows], inputs.n_captions[rows]
    return replace(inputs, counts=counts, n_captions=n_captions, maps=None)


def filters_table(
    p_t_given_f: np.ndarray, q_value: np.ndarray, class_weights: np.ndarray
) -> pd.DataFrame:
    """Return the table of filters: verdict, name and entropy of each.

    A name is a significant attribute whose p(t given f) exceeds the mean over filters by at least
    half of the filter's largest excess.

    Parameters
    ----------
    p_t_given_f, q_value : ndarray of shape (F, T)
    class_weights : ndarray of shape (C, F)
    """
    is_name = q_value < MAX_Q
    n_significant = is_name.sum(axis=1)
    excess = np.where(is_name, p_t_given_f - p_t_given_f.mean(axis=0), 0)
    best = excess.argmax(axis=1)
    height = excess.max(axis=1, keepdims=True)
    n_names = ((excess >= NEXT_TO_BEST * height) & (excess > 0)).sum(axis=1)
    verdict = np.select(
        [n_names == 0, n_names <= FEW_NAMES],
        [NameStatus.NONE, NameStatus.NAMED],
        NameStatus.SEVERAL,
    )
    return pd.DataFrame(
        {
            "verdict": verdict,
            "name_t": np.where(n_names > 0, best, -1).astype(np.int32),
            "n_significant": n_significant.astype(np.int32),
            "entropy": stats.entropy(p_t_given_f, base=2, axis=1).astype(np.float32),
            "top_c": class_weights.argmax(axis=0).astype(np.int32),
        }
    )
