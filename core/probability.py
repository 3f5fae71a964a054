"""The paper's distributions, equations (1) to (8), as products of the arrays that a run stores.

Names follow the paper's notation: the condition is the first axis, the outcome the last, so every
distribution sums to 1 over axis -1 and products are plain ``@``.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from fieldmarks.core.accelerator import NUMPY, computed


def sigma(values: np.ndarray, axis: int = -1, xp: Any = NUMPY) -> np.ndarray:
    """Return ``values`` clipped at 0 and divided by their sum; uniform where nothing is positive.

    The paper does not define its sigma. A softmax over filters gives the same top attribute for all
    images; a filter with a negative product is evidence against the class, so it is clipped.

    Parameters
    ----------
    values : ndarray
        Any shape.
    axis : int
        The axis that sums to 1 afterwards.
    xp
        See `core.accelerator`.

    >>> sigma(np.array([3.0, -2.0, 1.0]))
    array([0.75, 0.  , 0.25])
    """
    clipped = xp.clip(values, 0, None)
    total = clipped.sum(axis=axis, keepdims=True)
    is_positive = total > 0
    if is_positive.all():
        clipped /= total
        return clipped
    uniform = 1 / max(clipped.shape[axis], 1)
    return xp.where(is_positive, clipped / xp.where(is_positive, total, 1), uniform)


def prior(counts: sparse.csr_array) -> np.ndarray:
    """Return p(t), shape (T,): normalised TF-IDF of the attributes, eq. (1).

    TF is the number of captions of an image that name t, summed over images; IDF is log(N / D) with
    N images that have captions and D images whose captions name t.

    Parameters
    ----------
    counts : csr_array of shape (X, T)
        Only rows of images that have captions.
    """
    n_images = counts.shape[0]
    document_frequency = counts.astype(bool).sum(axis=0)
    idf = np.log(n_images / np.maximum(document_frequency, 1))
    return sigma(np.asarray(counts.sum(axis=0), dtype=float) * idf)


def p_f_given_xc(pooled: np.ndarray, weights: np.ndarray, xp: Any = NUMPY) -> np.ndarray:
    """Return p(f given x, c) = sigma(phi(f(x)) * w[c, f]), eq. (6).

    Parameters
    ----------
    pooled : ndarray of shape (..., F)
        Pooled activations of the images.
    weights : ndarray of shape (F,) or (..., F)
        Head weights of the class, or of each image's class.
    xp
        See `core.accelerator`.
    """
    return sigma(pooled * weights, xp=xp)


def p_t_given_xc(pooled: np.ndarray, weights: np.ndarray, p_t_given_f: np.ndarray) -> np.ndarray:
    """Return the image-class attribute p.d.f. p(t given x, c), shape (..., T), eq. (5).

    Parameters
    ----------
    pooled, weights : ndarray
        As in `p_f_given_xc`.
    p_t_given_f : ndarray of shape (F, T)
        Filter attribute p.d.f.s; sums to 1 over T.
    """
    return p_f_given_xc(pooled, weights) @ p_t_given_f


@dataclass(frozen=True)
class SentenceModel:
    """What people write, given what filters see; see `core.estimators.explaining_away`.

    Parameters
    ----------
    weights : ndarray of shape (F, T)
        Signed, float32: ``sigma(p(f given x, c) @ weights)`` is p(t given x, c).
    parts : ndarray of shape (3, T)
        What the score of a word in a sentence consists of, float32: its mean over training images,
        the weight of the word's own sum of eq. (5), and the mean of that sum. What remains of a
        score comes from the sums of other words.
    """

    weights: np.ndarray
    parts: np.ndarray


def words_given_xc(
    pooled: np.ndarray, weights: np.ndarray, sentence_weights: np.ndarray
) -> np.ndarray:
    """Return p(t given x, c) as sentences use it: eq. (5) with signed weights, then sigma.

    With p(t given f) as weights it is `p_t_given_xc`.

    Parameters
    ----------
    pooled, weights : ndarray
        As in `p_f_given_xc`.
    sentence_weights : ndarray of shape (F, T)
        See `SentenceModel`.

    Returns
    -------
    ndarray of shape (..., T)
        Sums to 1 over T.
    """
    return computed(_words_given_xc, pooled, weights, kept=(sentence_weights,))


def _words_given_xc(xp: Any, pooled: Any, weights: Any, sentence_weights: Any) -> Any:
    return sigma(p_f_given_xc(pooled, weights, xp) @ sentence_weights, xp=xp)


def p_t_given_c(weights: np.ndarray, p_t_given_f: np.ndarray) -> np.ndarray:
    """Return the class description p(t given c) = sigma(w[c]) @ p(t given f), eqs. (7) and (8)."""
    return sigma(weights) @ p_t_given_f
