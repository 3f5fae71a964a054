"""The mixture of equation (5): expectation maximisation, and the tilt from probability to lift."""

from dataclasses import replace

import numpy as np
from scipy import sparse

from fieldmarks.core.accelerator import NUMPY, accelerated
from fieldmarks.core.estimators import estimate
from fieldmarks.core.estimators.mixture import (
    N_STEPS,
    PSEUDO_MENTIONS,
    _equally_frequent,
    most_likely,
    tilted,
)
from tests.support.planted_inputs import F, T, X, planted_inputs


def test_expectation_maximisation_agrees_with_a_slow_loop_written_from_the_paper():
    inputs = planted_inputs()
    mentions = np.sqrt(inputs.counts.toarray())
    share = mentions.sum(axis=0) / mentions.sum()
    p_f = np.zeros((X, F))  # eq. (6)
    for x in range(X):
        weighted = np.clip(inputs.pooled[x] * inputs.class_weights[inputs.true_c[x]], 0, None)
        p_f[x] = weighted / weighted.sum()
    p = np.repeat(share[None], F, axis=0)
    for _ in range(N_STEPS):
        expected = PSEUDO_MENTIONS * np.repeat(share[None], F, axis=0)
        for x in range(X):
            for t in range(T):
                p_t = sum(p_f[x, f] * p[f, t] for f in range(F))  # eq. (5)
                for f in range(F):
                    expected[f, t] += mentions[x, t] * p_f[x, f] * p[f, t] / p_t
        p = expected / expected.sum(axis=1, keepdims=True)
    result, share_of_mentions = most_likely(inputs)
    np.testing.assert_allclose(share_of_mentions, share, rtol=1e-5)
    np.testing.assert_allclose(result, p, rtol=1e-3, atol=1e-6)


def test_the_tilt_lies_between_probability_and_lift():
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], np.float32)
    share = np.array([0.8, 0.2, 0.0], np.float32)
    np.testing.assert_allclose(tilted(p, share, 0)[:, :2], [[7 / 9, 2 / 9], [1 / 9, 8 / 9]], 1e-5)
    half = tilted(p, share, 0.5)
    for f in range(2):
        expected = [p[f, t] / share[t] ** 0.5 for t in range(2)]
        np.testing.assert_allclose(half[f], [*np.divide(expected, sum(expected)), 0], rtol=1e-5)


def test_the_tilt_lets_fewer_filters_say_what_everyone_says():
    inputs = planted_inputs(noise=2.0)
    plain, share = most_likely(inputs)
    common = share.argmax()
    with_tilt = estimate("mixture", inputs).p_t_given_f
    assert (with_tilt[:, common] < plain[:, common]).all()


def test_attributes_of_unlike_frequency_may_be_processed_together():
    n = np.array([100, 90, 70, 0, 81])
    assert [ts.tolist() for ts in _equally_frequent(n, 400, 1.25)] == [[0, 1, 4], [2]]
    named = np.random.default_rng(0).random((X, T)) < 0.5
    inputs = replace(planted_inputs(), counts=sparse.csr_array(named.astype(int)))
    groups = _equally_frequent(named.sum(axis=0), 9 * X, 1.25)
    assert [ts.tolist() for ts in groups] == [[1], [0, 2, 3, 4]]  # 35; 25, 22, 26, 27
    expected = most_likely(inputs)[0]
    with accelerated(lambda formula, arrays, kept: formula(NUMPY, *arrays, *kept)):
        np.testing.assert_allclose(most_likely(inputs)[0], expected, rtol=1e-5)
