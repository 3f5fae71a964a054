"""Explaining away to convergence: captions as draws from the mixture that eq. (5) says they are.

Eq. (5) makes p(t given x, c) a mixture of the filters' p.d.f.s, with known weights p(f given x, c)
from eq. (6). Then the best p(t given f) is the one under which the captions of the training images
are most likely, and expectation maximisation finds it. Its first step, from p.d.f.s that are all
alike, sums the activations of the images that have the attribute: that is the paper's estimate.
Each further step asks which filter is *still needed* for the attribute of an image, given what its
other filters already explain.
"""

import numpy as np
from scipy import sparse

from core.estimators.registry import Estimate, Inputs, register_estimator
from core.probability import p_f_given_xc, sigma

#: Steps of expectation maximisation; more fit the training captions and lose on others.
N_STEPS = 5
#: Mentions that every filter is given beforehand, spread as attributes are over all captions.
PSEUDO_MENTIONS = 1.0
#: Entries of counts worked on at a time.
_BLOCK = 8192


@register_estimator("mixture")
def mixture(inputs: Inputs) -> Estimate:
    """Return the p(t given f) that make the training captions likely under eq. (5).

    Each image is explained as its labelled class. The captions of one image repeat each other, so
    an attribute that n of them name counts as the root of n mentions. The evidence is p(t given f)
    itself, as in eq. (9), without a bias.
    """
    weights = inputs.class_weights[inputs.true_c].astype(np.float32)
    p_f = p_f_given_xc(inputs.pooled.astype(np.float32), weights)
    mentions = sparse.csr_array(inputs.counts, dtype=np.float32).sqrt()
    share = sigma(np.asarray(mentions.sum(axis=0), dtype=np.float32))
    p_t_given_f = np.tile(share, (p_f.shape[1], 1))
    for _ in range(N_STEPS):
        p_t_given_f = sigma(_expected(p_f, mentions, p_t_given_f) + PSEUDO_MENTIONS * share)
    return Estimate(p_t_given_f, evidence=p_t_given_f, evidence_bias=np.zeros_like(share))


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
