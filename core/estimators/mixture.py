"""Maximum likelihood by expectation maximisation: captions are samples of the mixture of eq. (5).

Eq. (5) makes p(t given x, c) a mixture of the filters' p.d.f.s with known weights p(f given x, c)
from eq. (6). The p(t given f) that maximise the likelihood of the training captions are computed by
expectation maximisation. The first step, from equal p.d.f.s, sums the activations of the images
that have the attribute, which is the paper's estimate. Each further step explains away: it assigns
an attribute of an image to the filters that are still needed, given the other filters.

Attributes of nearly every image still have the highest probability everywhere. A tilt therefore
moves each p.d.f. a part of the way from probability to lift.
"""

from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy import sparse

from core.batching import blocks, in_threads
from core.estimators.base import Estimate, Inputs, register_estimator
from core.probability import p_f_given_xc, sigma

#: Steps of expectation maximisation; more steps overfit the training captions.
N_STEPS = 5
#: Pseudo-count of mentions per filter, distributed as attributes are over all captions.
PSEUDO_MENTIONS = 1.0
#: Between probability (0) and lift (1); the largest value without a notable loss of recall.
TILT = 0.25
#: Images, and entries of counts, that are processed at a time.
_IMAGES, _ENTRIES = 16_384, 512


@register_estimator("mixture")
def mixture(inputs: Inputs) -> Estimate:
    """Return the tilted p(t given f) that maximise the likelihood of the captions under eq. (5).

    The evidence is p(t given f) itself, as in eq. (9), without a bias.
    """
    p_t_given_f = tilted(*most_likely(inputs), TILT)
    bias = np.zeros(len(inputs.prior), np.float32)
    return Estimate(p_t_given_f, evidence=p_t_given_f, evidence_bias=bias)


def most_likely(inputs: Inputs) -> tuple[np.ndarray, np.ndarray]:
    """Return the p(t given f) of expectation maximisation, and the share of each attribute.

    Each image is explained as its labelled class. The captions of one image are correlated, so an
    attribute that n of them name counts as sqrt(n) mentions.

    Returns
    -------
    p_t_given_f : ndarray of shape (F, T)
        Sums to 1 over T.
    share : ndarray of shape (T,)
        Share of all mentions that are of t; sums to 1.
    """
    X, F = inputs.shape
    mentions = sparse.csr_array(inputs.counts, dtype=np.float32).sqrt()
    share = sigma(np.asarray(mentions.sum(axis=0), dtype=np.float32))
    captions = [_Captions(inputs, mentions, block) for block in blocks(X, _IMAGES)]
    p_t_given_f = np.repeat(share[:, None], F, axis=1)  # (T, F) until the last line
    for _ in range(N_STEPS):
        expected = np.zeros_like(p_t_given_f)
        for block in captions:
            block.add_expected(expected, p_t_given_f)
            if len(captions) > 1:
                del block.p_f
        expected *= p_t_given_f
        expected += np.float32(PSEUDO_MENTIONS) * share[:, None]
        expected /= sum(expected[block].sum(axis=0) for block in blocks(len(share)))
        p_t_given_f = expected
    return np.ascontiguousarray(p_t_given_f.T), share


def tilted(p_t_given_f: np.ndarray, share: np.ndarray, tilt: float) -> np.ndarray:
    """Return sigma of p(t given f) over share(t) to the power ``tilt``, shape (F, T).

    >>> tilted(np.array([[0.8, 0.2], [0.5, 0.5]]), np.array([0.8, 0.2]), 1.0)
    array([[0.5, 0.5],
           [0.2, 0.8]])
    """
    common = np.power(share, tilt, dtype=p_t_given_f.dtype)
    return sigma(np.divide(p_t_given_f, common, out=np.zeros_like(p_t_given_f), where=share > 0))


class _Captions:
    """The mentions of each attribute in the captions of a block of images.

    Parameters
    ----------
    inputs : Inputs
    mentions : csr_array of shape (X, T)
    block : slice
        Of X.
    """

    def __init__(self, inputs: Inputs, mentions: sparse.csr_array, block: slice):
        self._inputs, self._block = inputs, block
        self._mentions = mentions[block].T.tocsr()

    @cached_property
    def p_f(self) -> np.ndarray:
        """p(f given x, labelled c), shape (n, F), eq. (6)."""
        inputs, block = self._inputs, self._block
        weights = inputs.class_weights[inputs.true_c[block]].astype(np.float32)
        return p_f_given_xc(inputs.activations(block), weights)

    def add_expected(self, total: np.ndarray, p_t_given_f: np.ndarray) -> None:
        """Add the expected mentions of t due to filter f, divided by p(t given f), to ``total``.

        Parameters
        ----------
        total, p_t_given_f : ndarray of shape (T, F)
        """
        mentions, p_f = self._mentions, self.p_f
        of_entry = np.repeat(np.arange(len(total)), np.diff(mentions.indptr))

        def add(attributes: tuple[int, int]) -> None:
            start, stop = mentions.indptr[list(attributes)]
            for at in range(start, stop, _ENTRIES):
                entries = slice(at, min(at + _ENTRIES, stop))
                rows, ts = p_f[mentions.indices[entries]], of_entry[entries]
                p_t = np.einsum("ef,ef->e", rows, p_t_given_f[ts])
                ratio = mentions.data[entries] / np.maximum(p_t, np.finfo(np.float32).tiny)
                place = ts - ts[0], np.arange(len(ts))
                total[ts[0] : ts[-1] + 1] += sparse.csr_array((ratio, place)) @ rows

        # tasks of whole attributes, so that no two threads add to the same row
        edges = np.searchsorted(mentions.indptr, np.arange(0, mentions.nnz, _ENTRIES))
        edges = np.unique([*edges, 0, len(total)])
        in_threads(add, pairwise(edges))
