"""The last layer fitted again: its loss, gradient and penalty."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import softmax

from core.repair.refit import FitSet, LinearHead, Problem, refits

C, F, N = 3, 4, 20


@pytest.fixture(scope="module")
def fitted() -> FitSet:
    rng = np.random.default_rng(0)
    return FitSet(rng.random((N, F)), rng.integers(0, C, N), rng.random(N))


@pytest.fixture(scope="module")
def start() -> LinearHead:
    rng = np.random.default_rng(1)
    return LinearHead(rng.normal(size=(C, F)), rng.normal(size=C))


def slow_loss(fitted: FitSet, head: LinearHead, start: LinearHead, unit, penalty) -> float:
    """The penalised cross-entropy of a head, image by image and weight by weight."""
    loss = 0.0
    for x in range(N):
        p = softmax(fitted.pooled[x] @ head.weights.T + head.bias)
        share = fitted.sample_weight[x] / fitted.sample_weight.sum()
        loss -= share * np.log(p[fitted.labels[x]])
    for c in range(C):
        for f in range(F):
            loss += penalty * ((head.weights[c, f] - start.weights[c, f]) * unit[f]) ** 2
    return loss


def problem_of(fitted: FitSet, start: LinearHead, unit: np.ndarray) -> Problem:
    mean = fitted.pooled.mean(axis=0)
    weight = fitted.sample_weight / fitted.sample_weight.sum()
    standardised = (fitted.pooled - mean) / unit
    return Problem(standardised, start.logits(fitted.pooled), fitted.labels, weight)


def test_the_loss_is_the_penalised_cross_entropy(fitted, start):
    unit, penalty = np.array([1.0, 2.0, 0.5, 1.0]), 0.3
    change = np.random.default_rng(2).normal(size=C * F + C)
    weights = change[: C * F].reshape(C, F) / unit
    bias = start.bias + change[C * F :] - weights @ fitted.pooled.mean(axis=0)
    head = LinearHead(start.weights + weights, bias)
    loss, _ = problem_of(fitted, start, unit).loss_and_gradient(change, penalty)
    assert loss == pytest.approx(slow_loss(fitted, head, start, unit, penalty))


def test_the_gradient_is_that_of_the_loss(fitted, start):
    problem = problem_of(fitted, start, np.ones(F))
    at = np.random.default_rng(1).normal(size=C * F + C)
    numeric = approx_fprime(at, lambda v: problem.loss_and_gradient(v, 0.1)[0], 1e-6)
    np.testing.assert_allclose(problem.loss_and_gradient(at, 0.1)[1], numeric, atol=1e-4)


def test_no_small_change_of_a_refitted_head_lowers_the_loss(fitted, start):
    unit, penalty = np.array([1.0, 2.0, 0.5, 1.0]), 0.01
    head = refits(fitted, start, unit, [1e-1, penalty])[penalty]
    least = slow_loss(fitted, head, start, unit, penalty)
    rng = np.random.default_rng(3)
    for _ in range(50):
        step = LinearHead(
            head.weights + 0.01 * rng.normal(size=(C, F)), head.bias + 0.01 * rng.normal(size=C)
        )
        assert slow_loss(fitted, step, start, unit, penalty) > least - 1e-6


def test_a_strong_penalty_leaves_the_weights_and_a_weak_one_fits(fitted, start):
    heads = refits(fitted, start, np.ones(F), [1e-9, 1e6])
    np.testing.assert_allclose(heads[1e6].weights, start.weights, atol=1e-3)
    right = [
        (heads[p].logits(fitted.pooled).argmax(axis=1) == fitted.labels).mean() for p in (1e6, 1e-9)
    ]
    assert right[1] > right[0]
