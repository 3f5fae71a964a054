"""Permutation test of filter attributes: significance of p(t given f) against permuted captions.

The p.d.f.s are estimated again from permuted captions, which gives the null distribution of each
p(t given f). An attribute that is significant after false discovery control can be a filter name.
Images of a class share captions and activations, so single images are not exchangeable: permuting
them rejects for the structure of classes alone. The captions are permuted between whole classes,
however few there are: a name has to exceed what other assignments of captions to classes give. Of a
single class the images are permuted.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from fieldmarks.core.batching import blocks, in_threads
from fieldmarks.core.estimators import Estimate, Inputs, words
from fieldmarks.core.name_status import MAX_Q, NameStatus
from fieldmarks.core.processes import ONE_PROCESS

#: Permutations for mean and standard deviation of the null, and as many for its tail.
N_SHUFFLES = 20
#: A filter with at most this many names is "named".
FEW_NAMES = 3
#: Minimum excess of a name over the average filter, relative to the filter's largest excess.
NEXT_TO_BEST = 0.5
#: Bins of the standardised null for each unit of its inverse hyperbolic sine: they are 1/256 of a
#: standard deviation wide near 0, and 0.4 % of the value far out.
_PER_UNIT = 256
#: Inverse hyperbolic sine of -1.2 and of 1.6 million standard deviations.
_LOWEST, _HIGHEST = -1, 15
_N_BINS = _PER_UNIT * (_HIGHEST - _LOWEST)
#: Attributes, and filters, that are processed at a time.
_ATTRIBUTES, _FILTERS = 64, 32


def attribute_significance(
    name: str,
    inputs: Inputs,
    observed: Estimate,
    seed: int = 0,
    n_shuffles: int = N_SHUFFLES,
    look: Callable[[int, np.ndarray], None] = lambda i, p_t_given_f: None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return q-values and the upper bound of the null distribution of an estimate.

    Square roots of probabilities have nearly equal variance. The first permutations give their mean
    and standard deviation for every filter and attribute. The tail of the standardised null, which
    is heavy for rare attributes, comes from the other permutations for all filters together: the
    p-value is the share of (permutation, filter) pairs with a value at least as high. Attributes of
    similar frequency share their tail where one alone has too few pairs to pass the false discovery
    control, which is done per filter over T (Benjamini and Hochberg, 1995). Tails are counted in
    bins, and a value counts all of its own bin as at least as high, which raises p-values only.

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
        Is given the number of each permutation, of 2 ``n_shuffles``, and its p(t given f), shape
        (F, T), on the process that computes it.

    Returns
    -------
    q_value : ndarray of shape (F, T), float32
        In [0, 1].
    null_high : ndarray of shape (F, T), float32
        p(t given f) from which on attribute t is significant for filter f, in [0, 1]: above it the
        q-value is below `MAX_Q`, and nowhere else; 1 where no value would be.
    """
    return null_of(name, inputs, seed, n_shuffles, look).judge(observed.p_t_given_f, inputs)


@dataclass(frozen=True)
class Null:
    """The distribution of p(t given f) under permuted captions, see `attribute_significance`.

    Parameters
    ----------
    mean, spread : ndarray of shape (F, T)
        Of the square roots, over the first permutations.
    counts : ndarray of shape (T, bins)
        Filters of the other permutations by bin of their standardised square root.
    n_shuffles : int
        Permutations that were counted.
    """

    mean: np.ndarray
    spread: np.ndarray
    counts: np.ndarray
    n_shuffles: int

    def judge(self, p_t_given_f: np.ndarray, inputs: Inputs) -> tuple[np.ndarray, np.ndarray]:
        """Return q-values of an estimate and the upper end of the null band, shape (F, T) each.

        Of k significant attributes of a filter, the next one would need a p-value below
        (k + 1) `MAX_Q` / T; the band ends at the lowest value that has such a p-value.
        """
        mean, spread, counts, n_shuffles = self.mean, self.spread, self.counts, self.n_shuffles
        F, T = mean.shape
        n_sharing = int(np.ceil(2 * T / (MAX_Q * n_shuffles * F)))
        by_frequency = np.argsort(-inputs.counts.sum(axis=0), kind="stable")
        shared = np.add.reduceat(counts[by_frequency], np.arange(0, T, n_sharing), axis=0)
        tail = shared[:, ::-1].cumsum(axis=1)[:, ::-1] / shared.sum(axis=1, keepdims=True)
        tail = np.minimum(tail + 1 / (n_shuffles * F * n_sharing), 1)
        sharing = np.empty(T, int)
        sharing[by_frequency] = np.arange(T) // n_sharing

        q_value, null_high = np.empty((F, T), np.float32), np.empty((F, T), np.float32)
        rising = -tail

        def of_filters(fs: slice) -> None:
            at = _bins(p_t_given_f[fs], mean[fs], spread[fs])
            q_value[fs] = stats.false_discovery_control(tail[sharing, at], axis=1)
            least_p = MAX_Q * np.minimum((q_value[fs] < MAX_Q).sum(axis=1) + 1, T) / T
            first = np.stack([np.searchsorted(of, -least_p, side="right") for of in rising])
            z = np.where(first < _N_BINS, np.sinh(first / _PER_UNIT + _LOWEST), np.inf)
            high = mean[fs] + z.T[:, sharing].astype(np.float32) * spread[fs]
            null_high[fs] = np.clip(high, 0, 1) ** 2

        in_threads(of_filters, blocks(F, _FILTERS))
        return q_value, null_high


def null_of(
    name: str,
    inputs: Inputs,
    seed: int = 0,
    n_shuffles: int = N_SHUFFLES,
    look: Callable[[int, np.ndarray], None] = lambda i, p_t_given_f: None,
) -> Null:
    """Return the null distribution of an estimator, see `attribute_significance`.

    Several `Inputs.processes` divide the permutations among them and all return the same, bit for
    bit what one process does.
    """
    permuted, processes = _Permuted(name, inputs, seed, look), inputs.processes
    F, T = inputs.shape[1], len(inputs.prior)
    mean, spread = _noise(processes.in_order(permuted, n_shuffles), (F, T))
    counts = np.zeros((T, _N_BINS), np.int32)
    for i in processes.share(list(range(n_shuffles, 2 * n_shuffles))):
        _count(counts, permuted(i), mean, spread)
    return Null(mean, spread, processes.total(counts), n_shuffles)


def _bins(p_t_given_f: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return the bin of each standardised square root, of the same shape, in [0, `_N_BINS`)."""
    z = np.sqrt(p_t_given_f)
    z -= mean
    z /= spread
    bins = (np.arcsinh(z, out=z) - _LOWEST) * _PER_UNIT
    return np.clip(bins, 0, _N_BINS - 1, out=bins).astype(np.intp)


def _count(
    counts: np.ndarray, p_t_given_f: np.ndarray, mean: np.ndarray, spread: np.ndarray
) -> None:
    """Add the filters of one permutation to the histograms of attributes, shape (T, bins)."""

    def add(ts: slice) -> None:
        n = len(counts[ts])
        bins = _bins(p_t_given_f[:, ts], mean[:, ts], spread[:, ts])
        bins += np.arange(n) * _N_BINS
        counts[ts] += np.bincount(bins.ravel(), minlength=n * _N_BINS).reshape(n, _N_BINS)

    in_threads(add, blocks(len(counts), _ATTRIBUTES))


class _Permuted:
    """p(t given f) under one permutation after another, always the same for a seed.

    Parameters
    ----------
    name, inputs, seed, look
        See `attribute_significance`.
    """

    def __init__(
        self, name: str, inputs: Inputs, seed: int, look: Callable[[int, np.ndarray], None]
    ):
        self._name, self._look = name, look
        self._inputs = replace(inputs, processes=ONE_PROCESS)
        self._rng, self._drawn = np.random.default_rng(seed), 0

    def __call__(self, i: int) -> np.ndarray:
        """Return p(t given f) under the i-th permutation, shape (F, T); i rises from call to call.

        Those that other processes compute are drawn, too, so that all draw the same.
        """
        inputs = self._inputs
        while self._drawn <= i:
            inputs = shuffled(self._inputs, self._rng)
            self._drawn += 1
        p_t_given_f = words(self._name, inputs)
        self._look(i, p_t_given_f)
        return p_t_given_f


def _noise(null: Iterable[np.ndarray], shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of sqrt(p(t given f)) under permutation, (F, T)."""
    mean, scatter = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    n = 0
    for n, p_t_given_f in enumerate(null, 1):

        def add(fs: slice, n: int = n, p_t_given_f: np.ndarray = p_t_given_f) -> None:
            root = np.sqrt(p_t_given_f[fs])
            delta = root - mean[fs]
            mean[fs] += delta / n
            scatter[fs] += delta * (root - mean[fs])

        in_threads(add, blocks(len(mean), _FILTERS))
    spread = np.sqrt(scatter / (n - 1))
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
    mentions = None if inputs.mentions is None else inputs.mentions[rows]
    return replace(inputs, counts=counts, n_captions=n_captions, mentions=mentions, maps=None)


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
