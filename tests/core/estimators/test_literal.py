"""The paper's estimator, by slow loops written from equations (1) to (4)."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from fieldmarks.core.estimators import estimate
from fieldmarks.core.estimators.literal import DEFAULT_READING, p_by_reading
from tests.support.planted_inputs import F, T, X, planted_inputs


def test_literal_agrees_with_a_slow_loop_written_from_the_paper():
    inputs = planted_inputs()
    counts = inputs.counts.toarray()
    p_f_given_t = np.zeros((T, F))
    for t in range(T):
        for x in range(X):
            if counts[x, t] > 0:
                total = sum(inputs.pooled[x])
                for f in range(F):
                    p_f_given_t[t, f] += inputs.pooled[x, f] / total
        p_f_given_t[t] /= sum(p_f_given_t[t])
    expected = np.zeros((F, T))
    for f in range(F):
        for t in range(T):
            expected[f, t] = p_f_given_t[t, f] * inputs.prior[t]
        expected[f] /= sum(expected[f])
    np.testing.assert_allclose(estimate("literal", inputs).p_t_given_f, expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("reading", "likelihood", "tf"),
    [
        ("sum over images, mean TF (or mean over images, summed TF)", "sum", "mean"),
        ("sum over images, mean TF (or mean over images, summed TF)", "mean", "sum"),
        ("sum over images, summed TF", "sum", "sum"),
        ("mean over images, mean TF", "mean", "mean"),
    ],
)
def test_a_reading_of_the_paper_agrees_with_a_slow_loop(reading, likelihood, tf):
    inputs = planted_inputs()
    counts, p = inputs.counts.toarray(), np.zeros((F, T))
    for t in range(T):
        xs_of_t = [x for x in range(X) if counts[x, t] > 0]
        n_t = len(xs_of_t)
        p_f = sum(inputs.pooled[x] / inputs.pooled[x].sum() for x in xs_of_t)
        tf_idf = counts[:, t].sum() * np.log(X / n_t)
        p[:, t] = p_f / (n_t if likelihood == "mean" else 1)
        p[:, t] *= tf_idf / (n_t if tf == "mean" else 1)
    p /= p.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(p_by_reading(inputs, reading), p, rtol=1e-4)


def test_the_estimator_is_the_default_reading():
    inputs = planted_inputs()
    by_default_reading = p_by_reading(inputs, DEFAULT_READING)
    np.testing.assert_array_equal(estimate("literal", inputs).p_t_given_f, by_default_reading)


def test_literal_is_ruled_by_how_common_an_attribute_is():
    tops = estimate("literal", planted_inputs(noise=2.0)).p_t_given_f[:T].argmax(axis=1)
    assert len(set(tops)) < T


def test_with_probabilities_an_image_counts_as_far_as_it_is_likely_to_show_t():
    inputs = planted_inputs()
    likely = np.random.default_rng(0).random((X, T)).astype(np.float32)
    soft = replace(inputs, mentions=sparse.csr_array(likely))
    expected = np.zeros((F, T))
    for t in range(T):
        p_f_given_t = np.zeros(F)
        for x in range(X):
            p_f_given_t += likely[x, t] * inputs.pooled[x] / inputs.pooled[x].sum()
        expected[:, t] = p_f_given_t / likely[:, t].sum() * inputs.prior[t]
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(estimate("literal", soft).p_t_given_f, expected, rtol=1e-4)


@pytest.mark.parametrize("name", ["literal", "ridge", "encoding"])
def test_probabilities_of_0_and_1_give_what_one_caption_gives(name):
    inputs = planted_inputs()
    counts = inputs.counts.astype(bool).astype(inputs.counts.dtype)
    hard = replace(inputs, counts=counts, n_captions=np.ones(X, int))
    soft = replace(hard, mentions=counts.astype(np.float32))
    np.testing.assert_allclose(
        estimate(name, soft).p_t_given_f, estimate(name, hard).p_t_given_f, atol=1e-6
    )
