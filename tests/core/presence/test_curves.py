"""Curves turn scores into probabilities."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from fieldmarks.core.presence.curves import (
    MIN_IMAGES,
    OFFSET_SPREAD,
    SLOPE_SPREAD,
    _corrected,
    log_odds_lines,
)


def scores(n: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    odds = rng.normal(-1, 2, size=(n, 2))
    named = rng.random((n, 2)) < expit(odds)
    return np.column_stack([0.1 * odds[:, 0] + 0.3, odds[:, 1]]), named


def test_probabilities_are_calibrated_whatever_the_scale_of_the_score():
    score, named = scores()
    slope, offset = log_odds_lines(score, named)
    q = expit(offset + slope * score)
    for t in range(2):
        for low in (0, 0.25, 0.5, 0.75):
            of = (q[:, t] >= low) & (q[:, t] < low + 0.25)
            assert abs(named[of, t].mean() - q[of, t].mean()) < 0.05


def test_a_score_that_says_nothing_gives_the_frequency():
    _, named = scores()
    slope, offset = log_odds_lines(np.random.default_rng(1).normal(size=named.shape), named)
    q = expit(offset + slope * 1.0)
    np.testing.assert_allclose(q, named.mean(axis=0), atol=0.05)


def test_coefficients_minimise_the_penalised_loss():
    rng = np.random.default_rng(0)
    line = rng.normal(size=(60, 1))
    named = rng.random((60, 1)) < expit(0.5 + 0.4 * line)

    def loss(ab: np.ndarray) -> float:
        odds = ab[0] + ab[1] * line
        fit = np.log1p(np.exp(np.where(named, -odds, odds))).sum()
        return fit + ab[0] ** 2 / (2 * OFFSET_SPREAD**2) + (ab[1] - 1) ** 2 / (2 * SLOPE_SPREAD**2)

    expected = minimize(loss, [0, 1]).x
    np.testing.assert_allclose(np.ravel(_corrected(line, named)), expected, atol=1e-3)


def test_too_few_images_with_or_without_a_word_leave_it_unknown():
    score = np.random.default_rng(0).normal(size=(50, 3))
    named = np.zeros((50, 3), bool)
    named[: MIN_IMAGES - 1, 0] = True
    named[MIN_IMAGES - 1 :, 1] = True
    named[:MIN_IMAGES, 2] = True
    slope, offset = log_odds_lines(score, named)
    assert np.isnan(slope).tolist() == np.isnan(offset).tolist() == [True, True, False]
