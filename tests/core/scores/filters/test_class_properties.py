"""Selectivity and sparseness of classes against their accuracy."""

import numpy as np
import pytest
from scipy import stats

from fieldmarks.core.estimators.filter_statistics import sparseness
from fieldmarks.core.probability import sigma
from fieldmarks.core.scores.filters.class_properties import class_properties, relation


def test_properties_agree_with_a_slow_loop(run):
    table = class_properties(run)
    for c, row in table.iterrows():
        weights = sigma(np.asarray(run.array("class_weights")[c], float))
        p = sum(w * p_f for w, p_f in zip(weights, run.array("p_t_given_f"), strict=True))
        assert row["sparseness"] == pytest.approx(
            float(sparseness(np.asarray(p)[None])[0]), abs=1e-5
        )
        assert row["selectivity"] == pytest.approx(weights @ run.filters["selectivity"], abs=1e-5)
        xs = np.flatnonzero(run.is_test & (run.images["true_c"] == c))
        assert row["accuracy"] == pytest.approx(run.is_right[xs].mean())
        assert row["n"] == len(xs)


def test_a_relation_is_shown_where_there_is_one_and_only_there():
    rng = np.random.default_rng(0)
    values = rng.normal(size=30)
    related = relation(values, values + rng.normal(scale=0.3, size=30))
    assert related.is_shown
    assert related.low > 0.5
    n_shown = sum(relation(values, rng.normal(size=30), seed).is_shown for seed in range(20))
    assert n_shown <= 3


def test_the_value_is_spearmans():
    rng = np.random.default_rng(1)
    values, accuracy = rng.normal(size=12), rng.integers(0, 4, 12) / 4
    expected = stats.spearmanr(values, accuracy).statistic
    assert relation(values, accuracy).rho == pytest.approx(expected)


@pytest.mark.parametrize(
    ("values", "accuracy"),
    [(np.arange(3.0), np.arange(3.0)), (np.ones(9), np.arange(9.0)), (np.arange(9.0), np.ones(9))],
    ids=["few classes", "equal values", "equal accuracies"],
)
def test_nothing_is_shown_where_nothing_can_be_measured(values, accuracy):
    result = relation(values, accuracy)
    assert not result.is_shown
    assert np.isnan(result.low)
