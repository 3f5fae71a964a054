"""The last layer fitted again: its loss, gradient and penalty."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import softmax

from core.repair.refit import LinearHead, loss_and_gradient, refit


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    start = LinearHead(rng.normal(size=(3, 4)), rng.normal(size=3))
    return rng.random((20, 4)), rng.integers(0, 3, 20), rng.random(20), start


def test_the_loss_is_the_penalised_cross_entropy(problem):
    pooled, labels, weight, start = problem
    unit, penalty = np.array([1.0, 2.0, 0.5, 1.0]), 0.3
    head = LinearHead(start.weights + 0.1, start.bias - 0.2)
    parameters = np.concatenate([head.weights.ravel(), head.bias])
    loss, _ = loss_and_gradient(parameters, pooled, labels, weight, start, unit, penalty)
    expected = 0.0
    for x in range(20):
        p = softmax(pooled[x] @ head.weights.T + head.bias)
        expected -= weight[x] * np.log(p[labels[x]])
    for f in range(4):
        expected += 3 * penalty * (0.1 * unit[f]) ** 2
    assert loss == pytest.approx(expected)


def test_the_gradient_is_that_of_the_loss(problem):
    args = (*problem[:3], problem[3], np.ones(4), 0.1)
    at = np.random.default_rng(1).normal(size=15)
    numeric = approx_fprime(at, lambda v: loss_and_gradient(v, *args)[0], 1e-6)
    np.testing.assert_allclose(loss_and_gradient(at, *args)[1], numeric, atol=1e-4)


def test_a_strong_penalty_leaves_the_weights_and_a_weak_one_fits(problem):
    pooled, labels, weight, start = problem
    careful = refit(pooled, labels, weight, start, np.ones(4), 1e6)
    np.testing.assert_allclose(careful.weights, start.weights, atol=1e-3)
    bold = refit(pooled, labels, weight, start, np.ones(4), 1e-9)
    right = [(head.logits(pooled).argmax(axis=1) == labels).mean() for head in (careful, bold)]
    assert right[1] > right[0]
