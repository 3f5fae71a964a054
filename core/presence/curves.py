"""Logistic curves: from the score of a word in an image to the probability that it is there.

A score that a regression gives to images it was not fitted to has two distributions, with and
without the word. Where both are normal with equal spread, the log-odds of the word are linear in
the score (linear discriminant analysis). A logistic curve corrects these log-odds, and its two
coefficients are shrunk towards 0 and 1, so that a word of few images keeps the line.
"""

import numpy as np
from scipy.special import expit, logit

#: Standard deviations of the two coefficients over words.
OFFSET_SPREAD, SLOPE_SPREAD = 0.6, 0.4
#: A word of fewer images with it, or without it, has no curve: its presence is unknown.
MIN_IMAGES = 5
_STEPS = 12


def log_odds_lines(score: np.ndarray, named: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and offset of each word: ``offset + slope * score`` are its log-odds.

    Parameters
    ----------
    score : ndarray of shape (n, T)
        Of images that took no part in fitting it.
    named : ndarray of shape (n, T), bool

    Returns
    -------
    slope, offset : ndarray of shape (T,)
        NaN for a word of too few images, see `MIN_IMAGES`.
    """
    n_with = named.sum(axis=0)
    n_without = len(named) - n_with
    is_known = np.minimum(n_with, n_without) >= MIN_IMAGES
    mean_with = np.where(named, score, 0).sum(axis=0) / np.maximum(n_with, 1)
    mean_without = np.where(named, 0, score).sum(axis=0) / np.maximum(n_without, 1)
    spread = np.square(score - np.where(named, mean_with, mean_without)).mean(axis=0) + 1e-9
    line = np.maximum(mean_with - mean_without, 0) / spread
    prior = logit(np.clip(n_with / max(len(named), 1), 1e-4, 1 - 1e-4))
    start = prior - line * (mean_with + mean_without) / 2
    offset, slope = _corrected(start + line * score, named)
    slope, offset = slope * line, offset + slope * start
    return np.where(is_known, slope, np.nan), np.where(is_known, offset, np.nan)


def _corrected(line: np.ndarray, named: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the coefficients of each word's logistic curve by Newton steps, two of shape (T,)."""
    T = line.shape[1]
    a, b = np.zeros(T), np.ones(T)
    for _ in range(_STEPS):
        q = expit(a + b * line)
        rest, weight = named - q, q * (1 - q)
        of_a = rest.sum(axis=0) - a / OFFSET_SPREAD**2
        of_b = (rest * line).sum(axis=0) - (b - 1) / SLOPE_SPREAD**2
        aa = weight.sum(axis=0) + 1 / OFFSET_SPREAD**2
        ab = (weight * line).sum(axis=0)
        bb = (weight * line * line).sum(axis=0) + 1 / SLOPE_SPREAD**2
        determinant = aa * bb - ab**2
        step_a = (bb * of_a - ab * of_b) / determinant
        step_b = (aa * of_b - ab * of_a) / determinant
        a = a + np.clip(step_a, -1, 1)
        b = np.maximum(b + np.clip(step_b, -0.5, 0.5), 0.01)
        if max(np.abs(step_a).max(initial=0), np.abs(step_b).max(initial=0)) < 1e-3:
            break
    return a, b
