from itertools import product

import numpy as np
import pytest

from fieldmarks.core.bootstrap import Resamples
from fieldmarks.core.scores.filters import correlation as module
from fieldmarks.core.scores.filters.correlation import Activations

N, F = 30, 4


TRUE_C = np.arange(N) % 5


@pytest.fixture
def values():
    rng = np.random.default_rng(0)
    return rng.normal(size=(N, F)) + TRUE_C[:, None], rng.normal(size=(N, F)) + TRUE_C[:, None]


def weighted_pearson(a, b, w):
    a, b = np.repeat(a, w), np.repeat(b, w)
    return np.corrcoef(a, b)[0, 1]


def without_class_means(values):
    return values - np.stack([values[c == TRUE_C].mean(axis=0) for c in TRUE_C])


def test_the_correlation_of_a_filter_is_pearsons(values):
    a, b = values
    expected = [np.corrcoef(a[:, f], b[:, f])[0, 1] for f in range(F)]
    np.testing.assert_allclose(Activations(a, TRUE_C).by_filter(b), expected, rtol=1e-4)


def test_within_classes_it_is_that_of_what_class_means_leave(values):
    a, b = values
    left = without_class_means(a), without_class_means(b)
    expected = [np.corrcoef(left[0][:, f], left[1][:, f])[0, 1] for f in range(F)]
    correlations = Activations(a, TRUE_C).by_filter(b, within=True)
    np.testing.assert_allclose(correlations, expected, rtol=1e-4, atol=1e-6)


def test_a_filter_that_never_varies_is_predicted_by_nothing(values):
    a, b = values
    a[:, 0] = 3
    assert Activations(a, TRUE_C).by_filter(b)[0] == 0


def test_the_mean_and_its_resamples_are_those_of_a_slow_loop(values, monkeypatch):
    monkeypatch.setattr(module, "N_RESAMPLES", 7)
    a, b = values
    mean = Activations(a, TRUE_C, seed=2).mean(b, np.array([0, 3]))
    drawn = Resamples(N, 7, 2, TRUE_C)
    again = [
        np.mean([weighted_pearson(a[:, f], b[:, f], w.astype(int)) for f in (0, 3)]) for w in drawn
    ]
    assert mean.value == pytest.approx(
        np.mean([np.corrcoef(a[:, f], b[:, f])[0, 1] for f in (0, 3)]), rel=1e-4
    )
    moved = mean.value + np.array(again) - np.mean(again)
    np.testing.assert_allclose(mean.again, moved, rtol=1e-3)


def test_exchanged_is_the_mean_over_all_pairs_of_filters(values, monkeypatch):
    monkeypatch.setattr(module, "N_RESAMPLES", 5)
    a, b = values
    mean = Activations(a, TRUE_C, seed=1).exchanged(b)
    pairs = list(product(range(F), range(F)))
    expected = np.mean([np.corrcoef(a[:, f], b[:, g])[0, 1] for f, g in pairs])
    again = [
        np.mean([weighted_pearson(a[:, f], b[:, g], w.astype(int)) for f, g in pairs])
        for w in Resamples(N, 5, 1, TRUE_C)
    ]
    assert mean.value == pytest.approx(expected, rel=1e-4)
    moved = mean.value + np.array(again) - np.mean(again)
    np.testing.assert_allclose(mean.again, moved, rtol=1e-3)


def test_differences_are_paired(values):
    a, b = values
    scored = Activations(a, TRUE_C)
    nothing = scored.mean(b).minus(scored.mean(b))
    assert (nothing.value, nothing.low, nothing.high) == (0, 0, 0)


def test_of_no_filters_there_is_no_mean(values):
    a, b = values
    assert np.isnan(Activations(a, TRUE_C).mean(b, np.empty(0, int)).value)
