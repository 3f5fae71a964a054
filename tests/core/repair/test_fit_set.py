"""Images to fit a head to, made of rows of activations."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from fieldmarks.core.repair.fit_set import FitSet


@pytest.fixture(scope="module")
def mixed() -> FitSet:
    rng = np.random.default_rng(0)
    shares = np.array([[1, 0, 0], [0, 1, 0], [1, -1, 1], [0, 0, 1.0]])
    return FitSet(rng.random((3, 5)), np.zeros(4, int), np.ones(4), csr_array(shares))


def test_images_are_sums_of_rows(mixed):
    a, b, c = mixed.pooled
    np.testing.assert_allclose(mixed.activations(), [a, b, a - b + c, c])


def test_products_of_images_are_taken_over_rows(mixed):
    weights = np.random.default_rng(1).random((5, 2))
    expected = mixed.activations() @ weights
    np.testing.assert_allclose(mixed.of_images(mixed.pooled @ weights), expected)
    slope = np.random.default_rng(2).random((4, 2))
    expected = mixed.activations().T @ slope
    np.testing.assert_allclose(mixed.pooled.T @ mixed.of_rows(slope), expected)


def test_without_mixing_images_are_the_rows(mixed):
    plain = FitSet(mixed.pooled, np.zeros(3, int), np.ones(3))
    assert plain.activations() is plain.pooled
    assert plain.of_rows(plain.pooled) is plain.pooled


def test_the_unit_is_the_standard_deviation_over_images(mixed):
    np.testing.assert_allclose(mixed.unit(), mixed.activations().std(axis=0), atol=1e-5)
    plain = FitSet(mixed.pooled, np.zeros(3, int), np.ones(3))
    np.testing.assert_allclose(plain.unit(), mixed.pooled.std(axis=0), atol=1e-5)


def test_a_filter_that_never_varies_has_a_unit():
    constant = FitSet(np.full((4, 1), 0.1, np.float32), np.zeros(4, int), np.ones(4))
    assert 0 < constant.unit()[0] < 1e-5
