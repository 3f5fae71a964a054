"""The encoding estimator: activations predicted from words, weighted by what is at the peak."""

import numpy as np
import pytest

from fieldmarks.core.estimators import estimate
from fieldmarks.core.estimators.encoding import nonnegative_elastic_net
from tests.support.planted_parts import placed_inputs


def test_filters_are_named_by_word_and_place():
    result = estimate("encoding", placed_inputs())
    assert result.p_t_given_f.argmax(axis=1).tolist() == list(range(6))


def test_the_filters_of_a_word_are_those_of_its_heatmap():
    result = estimate("encoding", placed_inputs())
    for t in range(6):
        assert result.evidence[:, t].argmax() == result.p_t_given_f[:, t].argmax()


@pytest.mark.parametrize("ridge", [0.1, 1.0])
def test_the_elastic_net_agrees_with_coordinate_descent(ridge):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 5))
    squares, products = x.T @ x / 40, rng.normal(size=(5, 3))
    sparsity = rng.uniform(0, 0.5, (5, 3))
    expected = np.zeros((5, 3))
    for _ in range(2000):
        for t in range(5):
            others = squares[t] @ expected - squares[t, t] * expected[t]
            free = products[t] - others - sparsity[t]
            expected[t] = np.maximum(free / (squares[t, t] + ridge), 0)
    weights = nonnegative_elastic_net(squares, products, sparsity, ridge)
    np.testing.assert_allclose(weights, expected, atol=1e-4)
    assert (expected == 0).any()


def test_a_word_whose_noun_is_elsewhere_is_not_regressed_on():
    squares, products = np.eye(2), np.ones((2, 1))
    weights = nonnegative_elastic_net(squares, products, np.array([[0.1], [5.0]]), 0.1)
    assert weights[1] == 0 < weights[0]
