"""Statistics of single filters: simulation score, class selectivity and sparseness."""

import numpy as np
import pytest

from fieldmarks.core.estimators import estimate
from fieldmarks.core.estimators.filter_statistics import (
    filter_statistics,
    selectivity,
    simulation,
    sparseness,
)
from tests.support.planted_inputs import F, T, X, planted_inputs


def test_the_simulation_score_agrees_with_a_slow_loop():
    inputs = planted_inputs()
    p = estimate("mixture", inputs).p_t_given_f
    counts = inputs.counts.toarray()
    scores = simulation(p, inputs)
    for f in range(F):
        predicted = [sum(p[f] * counts[x] / inputs.n_captions[x]) for x in range(X)]
        assert scores[f] == pytest.approx(
            np.corrcoef(inputs.pooled[:, f], predicted)[0, 1], abs=1e-4
        )


def test_a_silent_filter_predicts_nothing():
    inputs = planted_inputs(pooled=np.full((X, F), 2, np.float32))
    assert (simulation(np.full((F, T), 1 / T), inputs) == 0).all()
    assert (selectivity(inputs.pooled, inputs.true_c) == 0).all()


def test_a_filter_of_one_class_is_selective():
    inputs = planted_inputs()
    pooled = np.ones((X, F), np.float32)
    pooled[:, 1] = inputs.true_c == 2
    pooled[:, 2] = np.where(inputs.true_c == 0, 3, 1)
    values = selectivity(pooled, inputs.true_c)
    np.testing.assert_allclose(values[:3], [0, 1, 0.5])


def test_sparseness_lies_between_a_uniform_distribution_and_one_word():
    p = np.array([[0.25] * 4, [0.5, 0.5, 0, 0], [0, 0, 1, 0]])
    even, two, one = sparseness(p)
    assert even == pytest.approx(0)
    assert one == pytest.approx(1)
    assert 0 < two < 1


def test_without_captioned_test_images_a_filter_has_no_score():
    table = filter_statistics(np.full((F, T), 1 / T), None)
    assert table["simulation"].isna().all()
    assert table["sparseness"].notna().all()
