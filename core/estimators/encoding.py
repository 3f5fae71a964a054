"""Encoding model: each filter's activation explained by words that can be read at its peak.

The paper's eq. (3) shares the activation of a filter among all words of the image alike. An
encoding model regresses the activation on the words instead: jointly, so that words which merely
occur together are not counted twice, and without negative weights, so that the result is a
distribution. A class has all its words at once, so the regression alone cannot tell a red bill from
a wing bar; the penalty of a word is therefore the larger, the less its noun is what the filter's
most active cell predicts (`core.estimators.peak_readout`).
"""

from typing import Any

import numpy as np
from scipy import sparse

from fieldmarks.core.accelerator import computed
from fieldmarks.core.batching import blocks
from fieldmarks.core.estimators.base import (
    IMAGES,
    Estimate,
    Inputs,
    caption_fraction,
    register_estimator,
)
from fieldmarks.core.estimators.explaining_away import sentence_model
from fieldmarks.core.estimators.filter_statistics import pair_confidence
from fieldmarks.core.estimators.peak_readout import log_place
from fieldmarks.core.probability import sigma

#: At most so many attributes, the most frequent, are regressed on; the others get no weight.
N_WORDS = 1000
#: Only attributes of so many training images are.
MIN_IMAGES = 5
#: L1 penalty of a word whose noun is at the peak as often as at those of other filters.
SPARSITY = 0.05
#: L2 penalty, for words in units of their mean standard deviation.
RIDGE = 0.1
#: Steps of the accelerated proximal gradient method, at most.
N_STEPS = 300
#: Nothing is left to do where no weight moves further, in units of the largest; looked at as often.
TOLERANCE, _LOOK = 1e-4, 10
#: Number of top-activating training images whose captions are counted.
N_TOP = 20
#: Probability that is spread as words are over all captions, so that no p.d.f. is empty.
_FLOOR = 1e-6


@register_estimator("encoding", version=3)
def encoding(inputs: Inputs) -> Estimate:
    """Return non-negative weights of words, each times how likely its noun is at the peak.

    p(t given f) is the weight of t in the encoding model, times the place of its noun, times the
    root of the share of captions that name t in the top-activating images. The evidence is
    p(t given f) itself, as in eq. (9), and sentences begin with its sum, eq. (5), so that the
    filters behind a word are the same in its list, in its heatmap and in what a sentence owes to
    the word itself (`core.estimators.explaining_away`). Without maps, or with a single class,
    places are not known and the weights stand alone.
    """
    (_, F), T = inputs.shape, len(inputs.prior)
    has_places = inputs.maps is not None and len(np.unique(inputs.true_c)) > 1
    place = log_place(inputs) if has_places else np.zeros((F, T), np.float32)
    share = _top_share(inputs)
    mean = caption_fraction(inputs).mean(axis=0)
    weights = _weights(inputs, np.exp(-place).T).T
    weights *= np.exp(place) * np.sqrt(share)
    p_t_given_f = sigma(sigma(weights) * (weights.max(axis=1, keepdims=True) > 0) + _FLOOR * mean)
    p_t_given_f = p_t_given_f.astype(np.float32)
    bias = (-inputs.mean() @ p_t_given_f).astype(np.float32)
    sentence = sentence_model(inputs, p_t_given_f)
    confidence = pair_confidence(place, share, p_t_given_f.argmax(axis=1)) if has_places else None
    return Estimate(p_t_given_f, p_t_given_f, bias, sentence, confidence)


def _weights(inputs: Inputs, penalty: np.ndarray) -> np.ndarray:
    """Return non-negative weights on the shares of captions, shape (T, F), float32.

    Parameters
    ----------
    inputs : Inputs
    penalty : ndarray of shape (T, F)
        Relative to `SPARSITY`.
    """
    (X, F), T = inputs.shape, len(inputs.prior)
    n_images = inputs.counts.astype(bool).sum(axis=0)
    common = np.sort(np.argsort(-n_images, kind="stable")[:N_WORDS])
    common = common[n_images[common] >= min(MIN_IMAGES, n_images.max())]
    n, centre = len(common), inputs.mean()
    squares, products = np.zeros((n, n)), np.zeros((n, F))
    total, variance = np.zeros(n), np.zeros(F)
    for block in blocks(X, IMAGES):
        share = caption_fraction(inputs, block)[:, common].toarray()
        y = inputs.activations(block) - centre
        squares += share.T @ share
        products += share.T @ y
        total += share.sum(axis=0, dtype=float)
        variance += np.square(y).sum(axis=0, dtype=float)
    mean = total / X
    covariance = squares / X - np.outer(mean, mean)
    unit = float(np.sqrt(np.maximum(covariance.diagonal(), 0)).mean()) or 1.0
    scale = np.sqrt(variance / X)
    scale = np.where(scale > 0, scale, 1)
    weights = np.zeros((T, F), np.float32)
    weights[common] = nonnegative_elastic_net(
        (covariance / unit**2).astype(np.float32),
        (products / (X * unit * scale)).astype(np.float32),
        np.float32(SPARSITY) * penalty[common],
        RIDGE,
    )
    return weights


def nonnegative_elastic_net(
    squares: np.ndarray, products: np.ndarray, sparsity: np.ndarray, ridge: float
) -> np.ndarray:
    """Return the weights w >= 0 that minimise w'Sw / 2 - p'w + sparsity'w + ridge w'w / 2.

    By accelerated proximal gradients (FISTA; Beck and Teboulle, 2009), all columns at once. The
    momentum of a column restarts where it leads uphill (O'Donoghue and Candes, "Adaptive restart
    for accelerated gradient schemes", 2015), so a third of the steps gives the same.

    Parameters
    ----------
    squares : ndarray of shape (n, n)
        S, positive semi-definite.
    products, sparsity : ndarray of shape (n, F)
    ridge : float
        Positive.

    Returns
    -------
    ndarray of shape (n, F)
    """
    step = 1 / np.float32(np.linalg.norm(squares, 2) + ridge)
    shrunk = squares * -step
    shrunk[np.diag_indices(len(squares))] += 1 - step * np.float32(ridge)
    offset = step * (products - sparsity)
    return computed(_descended, shrunk, offset)


def _descended(xp: Any, shrunk: Any, offset: Any) -> Any:
    """Return the weights after steps to the positive part of ``shrunk @ weights + offset``."""
    weights, point = xp.zeros_like(offset), xp.zeros_like(offset)
    momentum = xp.ones_like(offset[0])
    for i in range(1, N_STEPS + 1):
        moved = xp.clip(shrunk @ point + offset, 0, None)
        change = moved - weights
        leads_down = xp.einsum("nf,nf->f", point - moved, change) <= 0
        following = (1 + xp.sqrt(1 + 4 * momentum**2)) / 2
        point = moved + xp.where(leads_down, (momentum - 1) / following, 0) * change
        weights, momentum = moved, xp.where(leads_down, following, 1)
        if i % _LOOK == 0 and xp.abs(change).max() <= TOLERANCE * weights.max():
            break
    return weights


def _top_share(inputs: Inputs) -> np.ndarray:
    """Return the mean share of captions that name t over the top images of f, (F, T)."""
    (X, F), k = inputs.shape, min(N_TOP, inputs.shape[0])
    best, at = np.full((k, F), -np.inf, np.float32), np.zeros((k, F), np.int64)
    for block in blocks(X, IMAGES):
        values = np.concatenate([best, inputs.activations(block)])
        rows = np.concatenate([at, np.repeat(np.arange(X)[block][:, None], F, axis=1)])
        top = np.argsort(-values, axis=0, kind="stable")[:k]
        best, at = np.take_along_axis(values, top, 0), np.take_along_axis(rows, top, 0)
    is_top = sparse.csr_array(
        (np.full(F * k, 1 / k), at.T.ravel(), np.arange(0, F * k + 1, k)), shape=(F, X)
    )
    return (is_top @ caption_fraction(inputs)).toarray().astype(np.float32)
