import numpy as np
import pytest
from scipy import sparse

from fieldmarks.core import probability

F, T, X, C = 5, 7, 6, 3


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_sigma_clips_and_normalises(rng):
    values = rng.normal(size=(4, F))
    result = probability.sigma(values)
    for row, expected in zip(values, result, strict=True):
        total = sum(v for v in row if v > 0)
        np.testing.assert_allclose([max(v, 0) / total for v in row], expected)


def test_sigma_of_no_values_is_empty():
    assert probability.sigma(np.zeros((3, 0))).shape == (3, 0)


def test_sigma_of_nothing_positive_is_uniform():
    np.testing.assert_array_equal(probability.sigma(np.array([-1.0, 0.0])), [0.5, 0.5])


def test_the_prior_is_the_papers_tf_idf(rng):
    counts = rng.integers(0, 3, (X, T))
    counts[:, 0] = 1
    raw = []
    for t in range(T):
        tf = sum(counts[x, t] for x in range(X))
        documents = sum(1 for x in range(X) if counts[x, t] > 0)
        raw.append(tf * np.log(X / documents))
    prior = probability.prior(sparse.csr_array(counts))
    np.testing.assert_allclose(prior, np.array(raw) / sum(raw))
    assert prior[0] == 0, "an attribute of every image is not discriminative"


def test_an_attribute_that_no_image_has_gets_no_prior():
    prior = probability.prior(sparse.csr_array(np.array([[0, 1, 0], [0, 0, 2]])))
    assert prior[0] == 0
    assert np.isfinite(prior).all()


def test_the_image_class_pdf_is_the_papers_sum_over_filters(rng):
    pooled, weights = rng.uniform(size=(X, F)), rng.normal(size=(X, F))
    p_t_given_f = probability.sigma(rng.normal(size=(F, T)))
    result = probability.p_t_given_xc(pooled, weights, p_t_given_f)
    for x in range(X):
        products = [max(pooled[x, f] * weights[x, f], 0) for f in range(F)]
        for t in range(T):
            slow = sum(products[f] / sum(products) * p_t_given_f[f, t] for f in range(F))
            assert result[x, t] == pytest.approx(slow)
    np.testing.assert_allclose(result.sum(axis=-1), 1)


def test_the_class_description_is_the_papers_sum_over_filters(rng):
    weights = rng.normal(size=(C, F))
    p_t_given_f = probability.sigma(rng.normal(size=(F, T)))
    result = probability.p_t_given_c(weights, p_t_given_f)
    for c in range(C):
        positive = [max(w, 0) for w in weights[c]]
        for t in range(T):
            slow = sum(positive[f] / sum(positive) * p_t_given_f[f, t] for f in range(F))
            assert result[c, t] == pytest.approx(slow)
