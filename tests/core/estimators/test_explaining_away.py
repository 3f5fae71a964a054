"""Sentences of words that come together: what is seen, and what people then write."""

import numpy as np
import pytest

from fieldmarks.core.estimators.explaining_away import PENALTY, direct_first, sentence_model
from fieldmarks.core.probability import p_f_given_xc, words_given_xc
from tests.support.planted_inputs import F, T, planted_inputs


@pytest.fixture(scope="module")
def planted():
    inputs = planted_inputs(noise=0.1)
    seen = np.full((F, T), 0.01)
    seen[np.arange(T), np.arange(T)] = 1
    return inputs, seen / seen.sum(axis=1, keepdims=True)


def of_images(inputs, matrix):
    weights = inputs.class_weights[inputs.true_c]
    return words_given_xc(inputs.activations(slice(None)), weights, matrix)


def test_the_score_of_a_word_is_its_mean_plus_parts_that_sum_to_the_rest(planted):
    inputs, seen = planted
    model = sentence_model(inputs, seen)
    p_f = p_f_given_xc(inputs.activations(slice(None)), inputs.class_weights[inputs.true_c])
    score = p_f @ model.weights
    usual, _, mean = model.parts
    np.testing.assert_allclose(score.mean(axis=0), usual, atol=1e-4)
    np.testing.assert_allclose((p_f @ seen).mean(axis=0), mean, atol=1e-5)


def test_a_sentence_follows_captions_better_than_the_plain_sum_does(planted):
    inputs, seen = planted
    named = inputs.counts.toarray() / inputs.n_captions[:, None]
    model = sentence_model(inputs, seen)
    errors = []
    for matrix in (seen, model.weights):
        p = of_images(inputs, matrix)
        said = named / np.maximum(named.sum(axis=1, keepdims=True), 1e-9)
        errors.append(np.abs(p - said).mean())
    assert errors[1] < errors[0]


def test_a_word_owes_more_to_its_own_filters_than_where_names_are_exchanged(planted):
    inputs, seen = planted
    exchanged = seen[np.random.default_rng(0).permutation(F)]
    models = [sentence_model(inputs, p) for p in (seen, exchanged)]
    direct = [np.square(model.parts[1]).sum() for model in models]
    assert direct[0] > direct[1]


def test_own_weights_are_not_negative_and_the_rest_is_a_ridge_regression():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(200, 3)), rng.normal(size=(200, 5))
    common = np.array([0, 2, 4])
    direct, others = direct_first(z.T @ z, z.T @ y, common, 200)
    assert (direct >= 0).all()
    left = y.copy()
    left[:, common] -= z * direct
    slow = np.linalg.solve(z.T @ z + PENALTY * np.eye(3), z.T @ left)
    np.testing.assert_allclose(others, slow, atol=1e-8)


def test_a_word_that_never_varies_gets_no_weight(planted):
    inputs, _ = planted
    model = sentence_model(inputs, np.full((F, T), 1 / T))
    np.testing.assert_array_equal(model.parts[1], 0)
    assert np.isfinite(model.weights).all()
