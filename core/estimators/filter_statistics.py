"""Statistics of single filters, and names of what they see: scores, selectivity, sparseness.

Selectivity of filters and sparseness of their words are the two properties that the authors relate
to accuracy in their later work (WACV workshops, 2022). Selectivity is the class selectivity index
of Morcos et al. (2018), sparseness that of Hoyer (2004).
"""

import numpy as np
import pandas as pd

from fieldmarks.core.batching import RowSubset, blocks
from fieldmarks.core.class_statistics import class_sums
from fieldmarks.core.estimators.base import Inputs, caption_fraction
from fieldmarks.core.name_status import NameStatus
from fieldmarks.core.run.run import Run

#: Minimum log place of the noun plus log share of captions of a pair that is a name.
MIN_CONFIDENCE = 4.2
#: Added to the share of captions, so that a pair that no caption has does not decide by itself.
LEAST_SHARE = 0.02
#: Minimum sum of p(t given f) over the pairs by which an adjective is the name of the filter.
MIN_MASS = 0.6


def filter_statistics(p_t_given_f: np.ndarray, held_out: Inputs | None) -> pd.DataFrame:
    """Return ``simulation``, ``selectivity`` and ``sparseness`` of each filter.

    Parameters
    ----------
    p_t_given_f : ndarray of shape (F, T)
    held_out : Inputs, optional
        Captioned images that were not used for the estimate; without them simulation and
        selectivity are NaN.

    Returns
    -------
    DataFrame of F rows, float32
    """
    nan = np.full(len(p_t_given_f), np.nan)
    return pd.DataFrame(
        {
            "simulation": nan if held_out is None else simulation(p_t_given_f, held_out),
            "selectivity": nan
            if held_out is None
            else selectivity(held_out.pooled, held_out.true_c),
            "sparseness": sparseness(p_t_given_f),
        },
        dtype=np.float32,
    )


def unnamed_filters(run: Run) -> pd.DataFrame:
    """Return the table of filters of a run without words: no names, and no figures of words.

    Selectivity is that of the test images, NaN where there are none.
    """
    F = run.sizes["F"]
    xs = np.flatnonzero(run.is_test & run.is_readable)
    nan, zero = np.full(F, np.nan, np.float32), np.zeros(F, np.int32)
    pooled = RowSubset(run.array("pooled"), xs)
    true_c = run.images["true_c"].to_numpy()[xs]
    return pd.DataFrame(
        {
            "verdict": str(NameStatus.NONE),
            "name_t": zero - 1,
            "n_significant": zero,
            "entropy": nan,
            "top_c": np.asarray(run.weights(None)).argmax(axis=0).astype(np.int32),
            "simulation": nan,
            "selectivity": selectivity(pooled, true_c).astype(np.float32) if len(xs) else nan,
            "sparseness": nan,
        }
    )


def simulation(p_t_given_f: np.ndarray, images: Inputs) -> np.ndarray:
    """Return the correlation of activations with what captions and p(t given f) predict.

    Returns
    -------
    ndarray of shape (F,)
        Pearson's, in [-1, 1]; 0 where one of both does not vary.
    """
    X, F = images.shape
    weights = np.asarray(p_t_given_f, np.float32).T
    sums = np.zeros((5, F))
    centre = images.activations(slice(0, 1))[0]  # near the mean, so that squares keep their digits
    for block in blocks(X):
        y = images.activations(block) - centre
        predicted = caption_fraction(images, block) @ weights
        products = y, predicted, y * y, predicted * predicted, y * predicted
        sums += np.stack([values.sum(axis=0, dtype=float) for values in products])
    y, predicted, yy, pp, yp = sums / X
    variance = (yy - y**2) * (pp - predicted**2)
    varies = variance > 1e-12 * yy * pp
    scale = np.sqrt(variance, out=np.ones(F), where=varies)
    return np.where(varies, (yp - y * predicted) / scale, 0)


def selectivity(pooled: np.ndarray | RowSubset, true_c: np.ndarray) -> np.ndarray:
    """Return the class selectivity index of each filter.

    It is (a - b) / (a + b), with a the largest mean activation of a class and b the mean over the
    other classes.

    Parameters
    ----------
    pooled : ndarray or RowSubset of shape (X, F)
    true_c : ndarray of shape (X,)

    Returns
    -------
    ndarray of shape (F,)
        In [0, 1] for activations that are not negative; 0 with a single class.
    """
    classes, member = np.unique(true_c, return_inverse=True)
    sums = np.zeros((len(classes), pooled.shape[1]))
    for block in blocks(len(member)):
        sums += class_sums(np.asarray(pooled[block], np.float32), member[block], len(classes))
    means = sums / np.bincount(member)[:, None]
    if len(classes) < 2:
        return np.zeros(means.shape[1])
    largest = means.max(axis=0)
    others = (means.sum(axis=0) - largest) / (len(classes) - 1)
    total = largest + others
    return np.divide(largest - others, total, out=np.zeros_like(total), where=total > 0)


def sparseness(p: np.ndarray) -> np.ndarray:
    """Return Hoyer's sparseness of each distribution: 0 if uniform, 1 if it has one value.

    >>> sparseness(np.array([[0.25, 0.25, 0.25, 0.25], [1.0, 0.0, 0.0, 0.0]]))
    array([0., 1.])
    """
    root = np.sqrt(p.shape[-1])
    if p.shape[-1] < 2:
        return np.ones(p.shape[:-1])
    return (root - 1 / np.linalg.norm(p, axis=-1)) / (root - 1)


def pair_confidence(place: np.ndarray, share: np.ndarray, ts: np.ndarray) -> np.ndarray:
    """Return the confidence in attribute ``ts[f]`` as the name of filter f, shape (F,), float32.

    Parameters
    ----------
    place : ndarray of shape (F, T)
        Log weight of the noun at the peak, see `core.estimators.peak_readout.log_place`.
    share : ndarray of shape (F, T)
        Mean share of captions that name t in the top-activating images, in [0, 1].
    ts : ndarray of shape (F,)
    """
    rows = np.arange(len(ts))
    return (place[rows, ts] + np.log(share[rows, ts] + LEAST_SHARE)).astype(np.float32)


def seen_names(
    p_t_given_f: np.ndarray, confidence: np.ndarray, adjectives: np.ndarray
) -> pd.DataFrame:
    """Return the table of what filters see where they are active.

    The permutation test of `core.estimators.significance` judges words by captions alone, and its
    names are seldom located where the filter is active. Two rules do better. A pair, "red bill", is
    a name where the most active cell predicts the noun much better than those of other filters do,
    and captions of the strongest images have it. An adjective, "red, anywhere", is one where its
    pairs together have most of the p.d.f.: nouns are hard to keep apart, colours are not. Both
    limits were chosen on one painted world and evaluated on others (``docs/evidence/filters.md``).

    Parameters
    ----------
    p_t_given_f : ndarray of shape (F, T)
    confidence : ndarray of shape (F,)
        Of the most probable attribute, see `pair_confidence`.
    adjectives : ndarray of shape (T,)
        Empty for a noun alone.

    Returns
    -------
    DataFrame of F rows
        ``t``: the pair that is its name, -1 for none. ``adjective``: its adjective, or the
        adjective alone that is its name, empty for none. ``confidence``; ``mass``: of the adjective
        with the largest.
    """
    best = p_t_given_f.argmax(axis=1)
    words, member = np.unique(adjectives.astype(str), return_inverse=True)
    masses = np.zeros((len(p_t_given_f), len(words)))
    for i in range(len(words)):
        masses[:, i] = p_t_given_f[:, member == i].sum(axis=1, dtype=float)
    masses[:, words == ""] = 0
    mass = masses.max(axis=1)
    is_pair = confidence >= MIN_CONFIDENCE
    alone = np.where(mass >= MIN_MASS, words[masses.argmax(axis=1)], "")
    return pd.DataFrame(
        {
            "t": np.where(is_pair, best, -1).astype(np.int32),
            "adjective": np.where(is_pair, adjectives[best].astype(str), alone),
            "confidence": confidence.astype(np.float32),
            "mass": mass.astype(np.float32),
        }
    )
