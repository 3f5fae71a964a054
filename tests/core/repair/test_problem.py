"""The convex problem of a refit: its loss, gradient, Hessian and minimum."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression

from fieldmarks.core.repair.fit_set import FitSet
from fieldmarks.core.repair.problem import TOLERANCE, Problem, Scaled

C, F, N = 4, 6, 60
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)


@pytest.fixture(scope="module")
def fitted() -> FitSet:
    rng = np.random.default_rng(0)
    labels = np.arange(N) % C
    pooled = rng.random((N, F)) @ rng.random((F, F)) + 0.3 * labels[:, None] * np.eye(F)[0]
    return FitSet(pooled, labels, rng.random(N) + 0.5)


@pytest.fixture(scope="module")
def logits() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(N, C))


@pytest.fixture(scope="module")
def problem(fitted, logits) -> Problem:
    return Problem.of(fitted, logits, fitted.unit())


def slow_loss(fitted, logits, unit, penalty, weights, bias) -> float:
    """The penalised cross-entropy of a change of weights and bias, image by image."""
    loss, share = 0.0, fitted.sample_weight / fitted.sample_weight.sum()
    for x, activation in enumerate(fitted.activations()):
        p = softmax(logits[x] + weights @ activation + bias)
        loss -= share[x] * np.log(p[fitted.labels[x]])
    return loss + penalty * float(((weights * unit) ** 2).sum())


def quasi_newton(fitted, logits, unit, penalty) -> float:
    """The least loss by L-BFGS in double precision, in the units of the filters alone."""
    share = fitted.sample_weight / fitted.sample_weight.sum()
    z, rows = fitted.pooled / unit, np.arange(len(fitted.labels))

    def loss_and_gradient(at):
        weights, bias = at[: C * F].reshape(C, F), at[C * F :]
        log_p = log_softmax(logits + z @ weights.T + bias, axis=1)
        slope = np.exp(log_p)
        slope[rows, fitted.labels] -= 1
        slope *= share[:, None]
        gradient = np.append(slope.T @ z + 2 * penalty * weights, slope.sum(axis=0))
        loss = -np.dot(share, log_p[rows, fitted.labels])
        return loss + penalty * np.vdot(weights, weights), gradient

    how = {"maxiter": 10_000, "maxfun": 100_000, "ftol": 1e-15, "gtol": 1e-9}
    zeros = np.zeros(C * F + C)
    return minimize(loss_and_gradient, zeros, jac=True, method="L-BFGS-B", options=how).fun


def test_the_loss_is_the_penalised_cross_entropy(problem, fitted, logits):
    change = np.random.default_rng(2).normal(size=(C, F + 1))
    scaled = Scaled(problem, 0.3, np.ones((C, F + 1)), F, 1)
    loss, _ = scaled.loss_and_gradient(change.ravel())
    expected = slow_loss(fitted, logits, problem.unit, 0.3, *problem.weights_and_bias(change))
    assert loss == pytest.approx(expected, rel=1e-5)


def test_the_gradient_and_the_hessian_are_those_of_the_loss(problem):
    scale = np.random.default_rng(4).uniform(0.5, 2, (C, F + 1))
    scaled = Scaled(problem, 0.05, scale, F, 0.1)
    at, direction = np.random.default_rng(5).normal(size=(2, C * (F + 1)))
    _, gradient = scaled.loss_and_gradient(at)
    numeric = approx_fprime(at, lambda v: scaled.loss_and_gradient(v)[0], 1e-3)
    np.testing.assert_allclose(gradient, numeric, atol=0.02)
    along = [scaled.loss_and_gradient(at + h * direction)[1] for h in (1e-2, -1e-2)]
    numeric = (along[0] - along[1]) / 2e-2
    np.testing.assert_allclose(scaled.hessian_times(at, direction), numeric, atol=0.02)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_the_loss_is_at_its_minimum(problem, fitted, logits, penalty):
    change = problem.minimum(penalty, np.zeros((C, F + 1)))
    loss = slow_loss(fitted, logits, problem.unit, penalty, *problem.weights_and_bias(change))
    least = quasi_newton(fitted, logits, problem.unit, penalty)
    assert least - 1e-7 <= loss <= least + TOLERANCE * max(least, 0.1) + 1e-7


@pytest.mark.parametrize("penalty", PENALTIES)
def test_the_minimum_is_that_of_a_logistic_regression(fitted, penalty):
    problem = Problem.of(fitted, np.zeros((N, C)), np.ones(F))
    weights, bias = problem.weights_and_bias(problem.minimum(penalty, np.zeros((C, F + 1))))
    share = fitted.sample_weight / fitted.sample_weight.sum()
    known = LogisticRegression(C=1 / (2 * penalty), solver="newton-cg", tol=1e-9, max_iter=1000)
    known.fit(fitted.pooled, fitted.labels, share)
    scores = fitted.pooled @ weights.T + bias
    np.testing.assert_allclose(
        softmax(scores, axis=1), known.predict_proba(fitted.pooled), atol=5e-3
    )


@pytest.mark.parametrize("penalty", PENALTIES)
def test_the_gradient_at_the_minimum_is_near_zero(problem, penalty):
    change = problem.minimum(penalty, np.zeros((C, F + 1)))
    _, gradient = Scaled(problem, penalty, np.ones((C, F + 1)), F, 1).loss_and_gradient(
        change.ravel()
    )
    assert np.abs(gradient).max() < 1e-3


def test_the_minimum_does_not_depend_on_where_one_begins(problem):
    first = problem.minimum(1e-3, np.zeros((C, F + 1)))
    far = problem.minimum(1e-3, np.random.default_rng(6).normal(size=(C, F + 1)))
    scores = [problem.probabilities(each)[0] for each in (first, far)]
    np.testing.assert_allclose(*scores, atol=5e-3)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_a_head_that_is_surely_wrong_is_no_bad_beginning(fitted, penalty):
    wrong = 30 * np.eye(C)[(fitted.labels + 1) % C]
    problem = Problem.of(fitted, wrong, fitted.unit())
    change = problem.minimum(penalty, np.zeros((C, F + 1)))
    loss = slow_loss(fitted, wrong, problem.unit, penalty, *problem.weights_and_bias(change))
    least = quasi_newton(fitted, wrong, problem.unit, penalty)
    assert loss <= least * (1 + 1e-4) + 1e-6


def test_a_class_without_images_and_a_dead_filter_do_no_harm(fitted, logits):
    pooled = np.column_stack([fitted.pooled[:, :-1], np.full(N, 0.1)])
    few = FitSet(pooled, np.minimum(fitted.labels, C - 2), fitted.sample_weight)
    problem = Problem.of(few, logits, few.unit())
    weights, bias = problem.weights_and_bias(problem.minimum(1e-4, np.zeros((C, F + 1))))
    assert np.isfinite(weights).all()
    assert np.isfinite(bias).all()
    assert (weights[:, -1] == 0).all()
