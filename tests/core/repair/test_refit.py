"""The last layer fitted again: its loss and penalty."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import softmax

from fieldmarks.core.head import Head
from fieldmarks.core.repair.fit_set import FitSet
from fieldmarks.core.repair.refit import refits

C, F, N = 3, 4, 20


@pytest.fixture(scope="module")
def fitted() -> FitSet:
    rng = np.random.default_rng(0)
    return FitSet(rng.random((N, F)), rng.integers(0, C, N), rng.random(N))


@pytest.fixture(scope="module")
def start() -> Head:
    rng = np.random.default_rng(1)
    return Head.linear(rng.normal(size=(C, F)), rng.normal(size=C))


def slow_loss(fitted: FitSet, head: Head, start: Head, unit, penalty) -> float:
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


def test_no_small_change_of_a_refitted_head_lowers_the_loss(fitted, start):
    unit, penalty = np.array([1.0, 2.0, 0.5, 1.0]), 0.01
    head = refits(fitted, start, unit, [1e-1, penalty])[penalty]
    least = slow_loss(fitted, head, start, unit, penalty)
    rng = np.random.default_rng(3)
    for _ in range(50):
        step = Head.linear(
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


def test_mixed_rows_are_fitted_as_the_images_that_they_make(fitted, start):
    n = N // 2
    shares = np.zeros((N, N))
    shares[:, :n] = np.vstack([np.eye(n), np.eye(n)])
    shares[n:, n:] = np.roll(np.eye(n), 1, axis=1) - np.eye(n)
    mixed = FitSet(fitted.pooled, fitted.labels, fitted.sample_weight, csr_array(shares))
    plain = FitSet(mixed.activations(), fitted.labels, fitted.sample_weight)
    heads = [refits(each, start, each.unit(), [1e-1, 1e-2])[1e-2] for each in (mixed, plain)]
    np.testing.assert_allclose(heads[0].weights, heads[1].weights, atol=1e-3)
    np.testing.assert_allclose(heads[0].bias, heads[1].bias, atol=1e-3)


def test_the_share_that_is_done_is_told(fitted, start):
    told = []
    refits(fitted, start, np.ones(F), [1e-2, 1e-1], progress=told.append)
    assert told == sorted(told)
    assert told[0] == 0
    assert 0.5 in told
    assert told[-1] < 1
