"""Maximum likelihood by expectation maximisation: captions are samples of the mixture of eq. (5).

Eq. (5) makes p(t given x, c) a mixture of the filters' p.d.f.s with known weights p(f given x, c)
from eq. (6). The p(t given f) that maximise the likelihood of the training captions are computed by
expectation maximisation. The first step, from equal p.d.f.s, sums the activations of the images
that have the attribute, which is the paper's estimate. Each further step explains away: it assigns
an attribute of an image to the filters that are still needed, given the other filters.

Attributes of nearly every image still have the highest probability everywhere. A tilt therefore
moves each p.d.f. a part of the way from probability to lift.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from fieldmarks.core.accelerator import computed, is_accelerated
from fieldmarks.core.batching import blocks, in_threads
from fieldmarks.core.estimators.base import Estimate, Inputs, register_estimator
from fieldmarks.core.probability import p_f_given_xc, sigma

#: Steps of expectation maximisation; more steps overfit the training captions.
N_STEPS = 5
#: Pseudo-count of mentions per filter, distributed as attributes are over all captions.
PSEUDO_MENTIONS = 1.0
#: Between probability (0) and lift (1); the largest value without a notable loss of recall.
TILT = 0.25
#: Images, and entries of counts, that are processed at a time.
_IMAGES, _ENTRIES = 16_384, 256
#: Entries on a device, and how many times as frequent as another an attribute beside it may be.
_ENTRIES_THERE, _TIMES_THERE = 16_384, 1.25
_TINY = float(np.finfo(np.float32).tiny)
#: Attributes, and filters, that are processed at a time where nothing is summed over images.
_ATTRIBUTES, _FILTERS = 128, 32


@register_estimator("mixture", divides=True)
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
    attribute that n of them name counts as sqrt(n) mentions; one that is seen with a probability,
    as so many. Several processes divide the
    attributes among them: what is expected of one attribute is a sum over images in one process.

    Returns
    -------
    p_t_given_f : ndarray of shape (F, T)
        Sums to 1 over T.
    share : ndarray of shape (T,)
        Share of all mentions that are of t; sums to 1.
    """
    X, F = inputs.shape
    mentions = sparse.csr_array(inputs.counts, dtype=np.float32).sqrt()
    if inputs.mentions is not None:
        mentions = inputs.mentions
    share = sigma(np.asarray(mentions.sum(axis=0), dtype=np.float32))
    captions = [_Captions(inputs, mentions, block) for block in blocks(X, _IMAGES)]
    p_t_given_f = np.repeat(share[:, None], F, axis=1)  # (T, F) until the last line
    for _ in range(N_STEPS):
        expected = np.zeros_like(p_t_given_f)
        for block in captions:
            block.add_expected(expected, p_t_given_f)
            if len(captions) > 1:
                del block.p_f
        expected = inputs.processes.total(expected)
        _maximise(expected, p_t_given_f, share)
        p_t_given_f = expected
    return np.ascontiguousarray(p_t_given_f.T), share


def tilted(p_t_given_f: np.ndarray, share: np.ndarray, tilt: float) -> np.ndarray:
    """Return sigma of p(t given f) over share(t) to the power ``tilt``, shape (F, T).

    >>> tilted(np.array([[0.8, 0.2], [0.5, 0.5]]), np.array([0.8, 0.2]), 1.0)
    array([[0.5, 0.5],
           [0.2, 0.8]])
    """
    common = np.power(share, tilt, dtype=p_t_given_f.dtype)
    result = np.zeros_like(p_t_given_f)

    def divide(fs: slice) -> None:
        np.divide(p_t_given_f[fs], common, out=result[fs], where=share > 0)
        result[fs] = sigma(result[fs])

    in_threads(divide, blocks(len(result), _FILTERS))
    return result


def _maximise(expected: np.ndarray, p_t_given_f: np.ndarray, share: np.ndarray) -> None:
    """Turn what `_Captions.add_expected` has summed into the next p(t given f), in place.

    Parameters
    ----------
    expected, p_t_given_f : ndarray of shape (T, F)
    share : ndarray of shape (T,)
    """

    def mentions(ts: slice) -> np.ndarray:
        expected[ts] *= p_t_given_f[ts]
        expected[ts] += np.float32(PSEUDO_MENTIONS) * share[ts, None]
        return expected[ts].sum(axis=0)

    total = sum(in_threads(mentions, blocks(len(share), _ATTRIBUTES)))

    def divide(ts: slice) -> None:
        expected[ts] /= total

    in_threads(divide, blocks(len(share), _ATTRIBUTES))


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
        inputs = self._inputs
        images = np.arange(inputs.shape[0])[self._block]
        result = np.empty((len(images), inputs.shape[1]), np.float32)

        def fill(block: slice) -> None:
            xs = images[block]
            weights = inputs.class_weights[inputs.true_c[xs]].astype(np.float32)
            result[block] = p_f_given_xc(inputs.activations(xs), weights)

        in_threads(fill, blocks(len(images)))
        return result

    def add_expected(self, total: np.ndarray, p_t_given_f: np.ndarray) -> None:
        """Add the expected mentions of t due to filter f, divided by p(t given f), to ``total``.

        Of several processes each adds those of its own attributes.

        Parameters
        ----------
        total, p_t_given_f : ndarray of shape (T, F)
        """
        mentions, p_f = self._mentions, self.p_f
        n_mentions = np.diff(mentions.indptr)
        most, times = (_ENTRIES_THERE, _TIMES_THERE) if is_accelerated() else (_ENTRIES, 1)

        def add(ts: np.ndarray) -> None:
            first, n = mentions.indptr[ts][:, None], n_mentions[ts]
            for at in range(0, n.max(), most):
                within = np.arange(at, min(at + most, n.max()))
                is_there = within < n[:, None]
                # of less frequent ones the first entry, no times more
                entries = first + np.where(is_there, within, 0)
                data, images = mentions.data[entries] * is_there, mentions.indices[entries]
                total[ts] += computed(_expected, data, images, p_t_given_f[ts], kept=(p_f,))

        # no two tasks have an attribute in common, so that no two threads add to the same row
        tasks = list(_equally_frequent(n_mentions, most, times))
        in_threads(add, self._inputs.processes.share(tasks))


def _expected(xp: Any, data: Any, images: Any, p_t_given_f: Any, p_f: Any) -> Any:
    """Return the expected mentions of attributes by each filter over p(t given f), shape (k, F).

    Parameters
    ----------
    xp
        See `core.accelerator`.
    data, images : array of shape (k, n)
        Mentions of each attribute, and in which images.
    p_t_given_f : array of shape (k, F)
    p_f : array of shape (X, F)
        p(f given x, c) of all images.
    """
    rows = p_f[images]  # (attributes, images, F)
    p_t = (rows @ p_t_given_f[:, :, None])[:, :, 0]
    ratio = data / xp.clip(p_t, _TINY, None)
    return (ratio[:, None] @ rows)[:, 0]


def _equally_frequent(
    n: np.ndarray, most: int = _ENTRIES, times: float = 1
) -> Iterator[np.ndarray]:
    """Yield attributes with about the same number of mentions, about ``most`` mentions at a time.

    Parameters
    ----------
    n : ndarray of shape (T,)
        Mentions of each attribute.
    most : int
    times : float
        The most frequent one of a group is at most so many times as frequent as the least.

    >>> [ts.tolist() for ts in _equally_frequent(np.array([2, 0, 900, 2, 1]))]
    [[2], [0, 3], [4]]
    """
    left = n > 0
    while left.any():
        count = n[left].max()
        same = np.flatnonzero(left & (n * times >= count))
        left[same] = False
        yield from (same[block] for block in blocks(len(same), max(1, most // count)))
