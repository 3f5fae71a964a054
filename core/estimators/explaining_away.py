"""Explaining away between words: what captions name, given what the filters of an image see.

Eq. (5) sums the p.d.f.s of an image's filters. If each says what its filter sees where it is
active, the sum says what is seen in the image, which is not yet what captions name: words differ in
how often they are written, and words of one class co-occur. A regression from what is seen to
captions learns both on the training images. A word's own score comes first, with a weight that is
shrunk and not negative (a linear form of Platt's calibration, 1999); what is left of the captions
is explained by the scores of all words together, with a stronger penalty. The result is linear in
p(f given x, c), so it is one signed weight for each filter and attribute.
"""

from typing import Any

import numpy as np

from fieldmarks.core.accelerator import computed, gram, product
from fieldmarks.core.batching import blocks
from fieldmarks.core.estimators.base import Inputs, caption_fraction
from fieldmarks.core.probability import SentenceModel, p_f_given_xc
from fieldmarks.core.ridge_regression import ridge_solver

#: At most so many words, the most frequent, explain others; all words are explained.
N_WORDS = 1000
#: Only words of so many training images explain others.
MIN_IMAGES = 5
#: Shrinkage of the weight of a word's own score, in units of the variance of the score.
OWN_SHRINKAGE = 0.2
#: Ridge penalty on the weights of all scores, which are standardised.
PENALTY = 3000.0
#: Scores are multiplied by the frequency of the word to this power: people name what is common.
COMMON = 0.1
#: Images processed at a time.
_IMAGES = 1024


def sentence_model(inputs: Inputs, p_t_given_f: np.ndarray) -> SentenceModel:
    """Return the weight of each filter for each word of a sentence.

    The target of the regression is the share of captions that name t, plus 1 if any does, so that
    the words of one caption count, too.

    Parameters
    ----------
    inputs : Inputs
        Each training image is explained as its labelled class.
    p_t_given_f : ndarray of shape (F, T)
        Filter attribute p.d.f.s.
    """
    n_images = inputs.counts.astype(bool).sum(axis=0)
    common = np.sort(np.argsort(-n_images, kind="stable")[:N_WORDS])
    common = common[n_images[common] >= min(MIN_IMAGES, n_images.max())]
    seen = np.asarray(p_t_given_f[:, common], float)
    X, n, T = inputs.shape[0], len(common), len(inputs.prior)
    total, squares, products = np.zeros(n), np.zeros((n, n)), np.zeros((n, T))
    usual, frequency = np.zeros(T), np.zeros(T)
    for block in blocks(X, _IMAGES):
        weights = inputs.class_weights[inputs.true_c[block]].astype(float)
        score = computed(_scores, inputs.activations(block).astype(float), weights, kept=(seen,))
        share = caption_fraction(inputs, block)
        named = share + inputs.counts[block].astype(bool).astype(np.float32)
        total += score.sum(axis=0)
        squares += computed(gram, score)
        products += (named.T @ score).T
        usual += named.sum(axis=0)
        frequency += share.sum(axis=0)
    mean, usual = total / X, usual / X
    variance = np.maximum(squares.diagonal() / X - mean**2, 0)
    varies = variance > 1e-9 * mean**2
    scale = np.sqrt(variance, out=np.full(n, np.inf), where=varies)
    correlation = (squares - X * np.outer(mean, mean)) / np.outer(scale, scale)
    products = (products - X * np.outer(mean, usual)) / scale[:, None]
    direct, others = direct_first(correlation, products, common, X)
    factor = np.power(frequency / X, COMMON)
    weights = others / scale[:, None]
    weights[np.arange(n), common] += direct / scale
    weights *= factor
    parts = np.zeros((3, T))
    parts[0] = usual * factor
    parts[1:, common] = direct / scale * factor[common], mean
    result = computed(product, seen, weights) + (parts[0] - mean @ weights)
    return SentenceModel(result.astype(np.float32), parts.astype(np.float32))


def _scores(xp: Any, activations: Any, weights: Any, seen: Any) -> Any:
    return p_f_given_xc(activations, weights, xp) @ seen


def direct_first(
    squares: np.ndarray, products: np.ndarray, common: np.ndarray, n_images: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of standardised scores: each on its own word, and on all words.

    Parameters
    ----------
    squares : ndarray of shape (n, n)
        Products of the scores, summed over images.
    products : ndarray of shape (n, T)
        Of the scores with what captions name, less its mean.
    common : ndarray of shape (n,)
        The attribute of each score.
    n_images : int

    Returns
    -------
    direct : ndarray of shape (n,)
        Not negative.
    others : ndarray of shape (n, T)
        Of what own weights leave.
    """
    rows = np.arange(len(common))
    direct = np.clip(products[rows, common], 0, None) / (n_images * (1 + OWN_SHRINKAGE))
    left = products.copy()
    left[:, common] -= squares * direct
    return direct, ridge_solver(squares, PENALTY)(left)
