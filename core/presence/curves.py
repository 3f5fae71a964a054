"""Logistic curves: from the score of a word in an image to the probability that it is there.

A score that a regression gives to images it was not fitted to has two distributions, with and
without the word. Where both are normal with equal spread, the log-odds of the word are linear in
the score (linear discriminant analysis). A logistic curve corrects these log-odds, and its two
coefficients are shrunk towards 0 and 1, so that a word of few images keeps the line.

Captions leave out a part of what is there, so even a word that is certainly visible is named by
some of them only, which a logistic curve cannot model. One more curve, common to all words, does:
the beta calibration of Kull, Silva Filho and Flach ("Beyond sigmoids", Electronic Journal of
Statistics 11, 2017), log q / (1 - q) = c + a log p - b log(1 - p).
"""

from typing import Any

import numpy as np
from scipy.special import expit, logit

from fieldmarks.core.accelerator import NUMPY

#: Standard deviations of the two coefficients over words.
OFFSET_SPREAD, SLOPE_SPREAD = 0.6, 0.4
#: A word of fewer images with it, or without it, has no curve: its presence is unknown.
MIN_IMAGES = 5
_STEPS = 12
#: Log-odds are counted in bins, so that memory does not grow with images: largest, bins for each 1.
_LARGEST, _PER_UNIT = 12, 20
#: The middle of each bin.
CENTRES = (np.arange(2 * _LARGEST * _PER_UNIT) + 0.5) / _PER_UNIT - _LARGEST
#: Weight of precision against recall in a search is 1 / this squared: a list is read from its top.
RECALL_WEIGHT = 0.7


def log_odds_lines(score: np.ndarray, named: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and offset of each word: ``offset + slope * score`` are its log-odds.

    Parameters
    ----------
    score : ndarray of shape (n, T)
        Of images that were not used to fit it.
    named : ndarray of shape (n, T), bool

    Returns
    -------
    slope, offset : ndarray of shape (T,)
        NaN for a word of too few images, see `MIN_IMAGES`.
    """
    n, n_with = len(named), named.sum(axis=0)
    n_without = n - n_with
    is_known = np.minimum(n_with, n_without) >= MIN_IMAGES
    of_named = (score * named).sum(axis=0, dtype=float)
    mean_with = of_named / np.maximum(n_with, 1)
    mean_without = (score.sum(axis=0, dtype=float) - of_named) / np.maximum(n_without, 1)
    between = n_with * mean_with**2 + n_without * mean_without**2
    squares = np.square(score).sum(axis=0, dtype=float)
    spread = np.maximum(squares - between, 0) / max(n, 1) + 1e-9
    line = np.maximum(mean_with - mean_without, 0) / spread
    prior = logit(np.clip(n_with / max(n, 1), 1e-4, 1 - 1e-4))
    start = prior - line * (mean_with + mean_without) / 2
    odds = np.asarray(start, score.dtype) + np.asarray(line, score.dtype) * score
    offset, slope = _corrected(tallies(odds, named))
    slope, offset = slope * line, offset + slope * start
    return np.where(is_known, slope, np.nan), np.where(is_known, offset, np.nan)


def _corrected(counted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the coefficients of each word's logistic curve by Newton steps, two of shape (T,).

    Parameters
    ----------
    counted : ndarray of shape (2, T, bins)
        Images by the log-odds that are corrected, see `tallies`.
    """
    with_word, every = counted[0], counted.sum(axis=0)
    T = len(every)
    a, b = np.zeros(T), np.ones(T)
    for _ in range(_STEPS):
        q = expit(a[:, None] + b[:, None] * CENTRES)
        rest, weight = with_word - every * q, every * q * (1 - q)
        of_a = rest.sum(axis=1) - a / OFFSET_SPREAD**2
        of_b = rest @ CENTRES - (b - 1) / SLOPE_SPREAD**2
        aa = weight.sum(axis=1) + 1 / OFFSET_SPREAD**2
        ab = weight @ CENTRES
        bb = weight @ CENTRES**2 + 1 / SLOPE_SPREAD**2
        determinant = aa * bb - ab**2
        step_a = (bb * of_a - ab * of_b) / determinant
        step_b = (aa * of_b - ab * of_a) / determinant
        a = a + np.clip(step_a, -1, 1)
        b = np.maximum(b + np.clip(step_b, -0.5, 0.5), 0.01)
        if max(np.abs(step_a).max(initial=0), np.abs(step_b).max(initial=0)) < 1e-3:
            break
    return a, b


def tallies(odds: np.ndarray, named: np.ndarray) -> np.ndarray:
    """Return the images with and without each word by their log-odds, shape (2, T, bins).

    Parameters
    ----------
    odds : ndarray of shape (n, T)
        Of images that were not used to fit them.
    named : ndarray of shape (n, T), bool
    """
    (_, T), n_bins = odds.shape, len(CENTRES)
    # clipped first: of a word that every image has the odds exceed whole numbers of 32 bits
    member = np.clip((odds + _LARGEST) * _PER_UNIT, 0, n_bins - 1).astype(np.int32)
    member += np.arange(T, dtype=np.int32) * n_bins
    size = T * n_bins
    every = np.bincount(member.ravel(), minlength=size)
    with_word = np.bincount(member[named], minlength=size)
    return np.stack([with_word, every - with_word]).reshape(2, T, n_bins)


def common_curve(counted: np.ndarray) -> np.ndarray:
    """Return c, a and b of the curve of all words, see `bent`, float32.

    Parameters
    ----------
    counted : ndarray of shape (2, bins)
        Images and words by log-odds, see `tallies`. Coefficients below 0, by which q would fall,
        become 0.
    """
    with_word, n = counted[0], counted.sum(axis=0)
    terms = np.stack([np.ones(len(CENTRES)), -np.logaddexp(0, -CENTRES), np.logaddexp(0, CENTRES)])
    start, curve = np.array([0.0, 1.0, 1.0]), np.array([0.0, 1.0, 1.0])
    for _ in range(_STEPS):
        q = expit(curve @ terms)
        slope = terms @ (with_word - n * q) - (curve - start)
        bend = (terms * (n * q * (1 - q))) @ terms.T + np.eye(3)
        step = np.linalg.solve(bend, slope)
        curve = curve + np.clip(step, -1, 1)
        curve[1:] = np.maximum(curve[1:], 0)
    return curve.astype(np.float32)


def bent(odds: np.ndarray, curve: np.ndarray, xp: Any = NUMPY) -> np.ndarray:
    """Return log-odds corrected by the curve of all words: c + a log p - b log(1 - p).

    Parameters
    ----------
    odds : ndarray
        log p / (1 - p).
    curve : ndarray of shape (3,)
        c, a and b.
    xp
        See `core.accelerator`.
    """
    rest = xp.log1p(xp.exp(-xp.abs(odds)))
    c, a, b = curve
    return c + a * (xp.clip(odds, None, 0) - rest) + b * (xp.clip(odds, 0, None) + rest)


def search_lines(counted: np.ndarray, most: float) -> np.ndarray:
    """Return above which q images are found in a search for each word, shape (T,), float32.

    The F score is highest where the threshold of a calibrated q is F / (1 + beta^2), F being that
    highest score (Lipton, Elkan and Naryanaswamy, "Optimal thresholding of classifiers to maximize
    F1 measure", ECML 2014; beta = `RECALL_WEIGHT`): for a word that is hard to see, the search also
    finds images that are less likely than not to have it.

    Parameters
    ----------
    counted : ndarray of shape (2, T, bins)
        See `tallies`.
    most : float
        Images above this q are always found.
    """
    found = np.cumsum(counted[:, :, ::-1], axis=2)
    beta = RECALL_WEIGHT**2
    n_with = counted[0].sum(axis=1)[:, None]
    f_score = (1 + beta) * found[0] / np.maximum(found.sum(axis=0) + beta * n_with, 1)
    return np.minimum(f_score.max(axis=1) / (1 + beta), most).astype(np.float32)
