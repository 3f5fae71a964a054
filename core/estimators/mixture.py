"""Explaining away to convergence: captions as draws from the mixture that eq. (5) says they are.

Eq. (5) makes p(t given x, c) a mixture of the filters' p.d.f.s, with known weights p(f given x, c)
from eq. (6). Then the best p(t given f) is the one under which the captions of the training images
are most likely, and expectation maximisation finds it. Its first step, from p.d.f.s that are all
alike, sums the activations of the images that have the attribute: that is the paper's estimate.
Each further step asks which filter is *still needed* for the attribute of an image, given what its
other filters already explain.

What is true of nearly every image then still leads everywhere. A tilt moves each p.d.f. a little
from probability towards lift, from what is likely to what is telling.
"""

import numpy as np
from scipy import sparse

from core.estimators.registry import Estimate, Inputs, register_estimator
from core.probability import p_f_given_xc, sigma

#: Steps of expectation maximisation; more fit the training captions and lose on others.
N_STEPS = 5
#: Mentions that every filter is given beforehand, spread as attributes are over all captions.
PSEUDO_MENTIONS = 1.0
#: How far from probability (0) to lift (1); chosen as the largest that costs no recall to speak of.
TILT = 0.25
#: Entries of counts worked on at a time.
_BLOCK = 8192


@register_estimator("mixture")
def mixture(inputs: Inputs) -> Estimate:
    """Return the p(t given f) that make the training captions likely under eq. (5), tilted.

    The evidence is p(t given f) itself, as in eq. (9), without a bias.
    """
    p_t_given_f = tilted(*most_likely(inputs), TILT)
    bias = np.zeros(len(inputs.prior), np.float32)
    return Estimate(p_t_given_f, evidence=p_t_given_f, evidence_bias=bias)


def most_likely(inputs: Inputs) -> tuple[np.ndarray, np.ndarray]:
    """Return the p(t given f) of expectation maximisation, and how often captions say what.

    Each image is explained as its labelled class. The captions of one image repeat each other, so
    an attribute that n of them name counts as the root of n mentions.

    Returns
    -------
    p_t_given_f : ndarray of shape (F, T)
        Sums to 1 over T.
    share : ndarray of shape (T,)
        Share of all mentions that are of t; sums to 1.
    """
    weights = inputs.class_weights[inputs.true_c].astype(np.float32)
    p_f = p_f_given_xc(inputs.pooled.astype(np.float32), weights)
    mentions = sparse.csr_array(inputs.counts, dtype=np.float32).sqrt()
    share = sigma(np.asarray(mentions.sum(axis=0), dtype=np.float32))
    p_t_given_f = np.tile(share, (p_f.shape[1], 1))
    for _ in range(N_STEPS):
        p_t_given_f = sigma(_expected(p_f, mentions, p_t_given_f) + PSEUDO_MENTIONS * share)
    return p_t_given_f, share


def tilted(p_t_given_f: np.ndarray, share: np.ndarray, tilt: float) -> np.ndarray:
    """Return sigma of p(t given f) over share(t) to the power ``tilt``, shape (F, T).

    >>> tilted(np.array([[0.8, 0.2], [0.5, 0.5]]), np.array([0.8, 0.2]), 1.0)
    array([[0.5, 0.5],
           [0.2, 0.8]])
    """
    common = np.power(share, tilt, dtype=p_t_given_f.dtype)
    return sigma(np.divide(p_t_given_f, common, out=np.zeros_like(p_t_given_f), where=share > 0))


def _expected(p_f: np.ndarray, mentions: sparse.csr_array, p_t_given_f: np.ndarray) -> np.ndarray:
    """Return how many mentions of t each filter accounts for, shape (F, T)."""
    rows = np.repeat(np.arange(mentions.shape[0]), np.diff(mentions.indptr))
    p_f_given_t = np.ascontiguousarray(p_t_given_f.T)
    ratio = sparse.csr_array(mentions)
    ratio.data = np.empty(mentions.nnz, np.float32)
    for start in range(0, mentions.nnz, _BLOCK):
        block = slice(start, start + _BLOCK)
        p_t = np.einsum("ef,ef->e", p_f[rows[block]], p_f_given_t[mentions.indices[block]])
        ratio.data[block] = mentions.data[block] / np.maximum(p_t, np.finfo(np.float32).tiny)
    return (ratio.T @ p_f).T * p_t_given_f
