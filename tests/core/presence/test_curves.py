"""Curves turn scores into probabilities."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from fieldmarks.core.presence.curves import (
    CENTRES,
    MIN_IMAGES,
    OFFSET_SPREAD,
    RECALL_WEIGHT,
    SLOPE_SPREAD,
    _corrected,
    bent,
    common_curve,
    log_odds_lines,
    search_lines,
    tallies,
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
    line = CENTRES[rng.integers(180, 300, size=(60, 1))]
    named = rng.random((60, 1)) < expit(0.5 + 0.4 * line)

    def loss(ab: np.ndarray) -> float:
        odds = ab[0] + ab[1] * line
        fit = np.log1p(np.exp(np.where(named, -odds, odds))).sum()
        return fit + ab[0] ** 2 / (2 * OFFSET_SPREAD**2) + (ab[1] - 1) ** 2 / (2 * SLOPE_SPREAD**2)

    expected = minimize(loss, [0, 1]).x
    np.testing.assert_allclose(np.ravel(_corrected(tallies(line, named))), expected, atol=1e-3)


def test_too_few_images_with_or_without_a_word_leave_it_unknown():
    score = np.random.default_rng(0).normal(size=(50, 3))
    named = np.zeros((50, 3), bool)
    named[: MIN_IMAGES - 1, 0] = True
    named[MIN_IMAGES - 1 :, 1] = True
    named[:MIN_IMAGES, 2] = True
    slope, offset = log_odds_lines(score, named)
    assert np.isnan(slope).tolist() == np.isnan(offset).tolist() == [True, True, False]


def test_images_are_counted_by_their_log_odds_as_a_slow_loop_does():
    rng = np.random.default_rng(0)
    odds, named = 5 * rng.normal(size=(40, 3)), rng.random((40, 3)) < 0.3
    expected = np.zeros((2, 3, len(CENTRES)))
    for x in range(40):
        for t in range(3):
            nearest = np.abs(CENTRES - odds[x, t]).argmin()
            expected[0 if named[x, t] else 1, t, nearest] += 1
    np.testing.assert_array_equal(tallies(odds, named), expected)


def test_the_common_curve_minimises_its_loss_and_finds_captions_that_leave_words_out():
    rng = np.random.default_rng(0)
    odds = rng.normal(-1, 3, size=(4000, 5))
    named = (rng.random(odds.shape) < expit(odds)) & (rng.random(odds.shape) < 0.8)
    curve = common_curve(tallies(odds, named).sum(axis=1))

    def loss(curve: np.ndarray) -> float:
        bent_odds = bent(odds, curve)
        start = np.square(curve - [0, 1, 1]).sum() / 2
        return np.logaddexp(0, np.where(named, -bent_odds, bent_odds)).sum() + start

    np.testing.assert_allclose(curve, minimize(loss, [0, 1, 1]).x, atol=0.02)
    q = expit(bent(odds, curve))
    for low in (0, 0.25, 0.5):
        of = (q >= low) & (q < low + 0.25)
        assert abs(named[of].mean() - q[of].mean()) < 0.03
    is_sure = odds > 4
    assert named[is_sure].mean() < 0.85
    assert q[is_sure].mean() < 0.9


def test_log_odds_are_bent_as_the_formula_says_and_stay_as_they_are_on_a_straight_curve():
    odds = np.array([-30.0, -2.0, 0.0, 1.5, 30.0, np.nan])
    np.testing.assert_allclose(bent(odds, np.array([0, 1, 1])), odds)
    for i in (1, 2, 3):
        p = expit(odds[i])
        expected = 0.2 + 1.3 * np.log(p) - 0.4 * np.log(1 - p)
        np.testing.assert_allclose(bent(odds, np.array([0.2, 1.3, 0.4]))[i], expected)


def test_a_curve_never_falls():
    odds = np.linspace(-4, 4, 200)[:, None]
    curve = common_curve(tallies(odds, odds < 0).sum(axis=1))
    assert (curve[1:] >= 0).all()


def test_search_lines_are_the_best_f_score_over_all_thresholds():
    rng = np.random.default_rng(0)
    odds = np.round(rng.normal(-1, 2, size=(300, 3)), 1) + 0.025
    named = rng.random(odds.shape) < expit([[2, 0.4, 0]] * odds)
    lines, beta = search_lines(tallies(odds, named), most=0.5), RECALL_WEIGHT**2
    for t in range(3):
        best = 0.0
        for threshold in odds[:, t]:
            found = odds[:, t] >= threshold
            right = (found & named[:, t]).sum()
            best = max(best, (1 + beta) * right / (found.sum() + beta * named[:, t].sum()))
        np.testing.assert_allclose(lines[t], min(best / (1 + beta), 0.5), rtol=1e-6)
    assert lines[0] == 0.5
    assert lines[2] < 0.5
