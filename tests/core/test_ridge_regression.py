"""One solver of ridge regressions."""

import numpy as np
import pytest

from fieldmarks.core.ridge_regression import ridge_solver


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-9), (np.float32, 1e-3)])
def test_the_weights_are_those_of_a_fit_to_penalised_rows(dtype, tolerance):
    rng = np.random.default_rng(0)
    x, y, penalty = rng.normal(size=(20, 5)), rng.normal(size=(20, 3)), 0.7
    rows = np.concatenate([x, np.sqrt(penalty) * np.eye(5)])
    expected = np.linalg.lstsq(rows, np.concatenate([y, np.zeros((5, 3))]), rcond=None)[0]
    solve = ridge_solver((x.T @ x).astype(dtype), penalty)
    products = (x.T @ y).astype(dtype)
    assert solve(products).dtype == dtype
    np.testing.assert_allclose(solve(products), expected, atol=tolerance)
    np.testing.assert_allclose(solve(products[:, :1])[:, 0], expected[:, 0], atol=tolerance)


def test_many_regressions_at_once_are_each_of_its_own():
    rng = np.random.default_rng(1)
    x, products = rng.normal(size=(4, 20, 5)), rng.normal(size=(4, 5, 2))
    grams = x.transpose(0, 2, 1) @ x
    together = ridge_solver(grams, 0.3)(products)
    for gram, product, weights in zip(grams, products, together, strict=True):
        np.testing.assert_allclose(weights, ridge_solver(gram, 0.3)(product), rtol=1e-9)


def test_the_products_that_are_given_stay_as_they_are():
    gram, products = np.diag([2.0, 3.0]), np.ones((2, 1))
    ridge_solver(gram, 1.0)(products)
    assert gram.tolist() == [[2, 0], [0, 3]]
    assert products.tolist() == [[1], [1]]
