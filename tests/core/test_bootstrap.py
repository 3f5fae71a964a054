"""Bootstrap intervals against slow loops."""

import numpy as np
import pytest

from fieldmarks.core import bootstrap
from fieldmarks.core.bootstrap import Resamples, ratios


@pytest.mark.parametrize("many", [0, 10**6])
def test_resamples_are_one_matrix_however_they_are_read(many, monkeypatch):
    monkeypatch.setattr(bootstrap, "_MANY", many)
    monkeypatch.setattr(bootstrap, "_MOST_KEPT", 0)
    drawn = Resamples(n=17, n_resamples=40, seed=3)
    matrix = np.stack(list(drawn))
    assert (matrix.sum(axis=1) == 17).all()
    columns = np.random.default_rng(0).normal(size=(17, 4))
    monkeypatch.setattr(bootstrap, "_ENTRIES", 60)
    np.testing.assert_array_equal(np.stack(list(drawn)), matrix)
    np.testing.assert_allclose(drawn @ columns, matrix @ columns, atol=1e-12)
    np.testing.assert_array_equal(np.stack(list(Resamples(17, 9, 3))), matrix[:9])


def test_a_matrix_that_was_kept_is_the_one_that_is_drawn(monkeypatch):
    monkeypatch.setattr(bootstrap, "_kept", bootstrap._Kept())
    groups = [None, np.array([1, 1, 2]), np.array([1, 2, 2]), np.array([1, 1, 2], np.int8)]
    asked = [Resamples(3, 30, seed, group) for seed in (0, 1) for group in groups] * 2
    kept = [np.stack(list(each)) for each in asked]
    monkeypatch.setattr(bootstrap, "_MOST_KEPT", 0)
    monkeypatch.setattr(bootstrap, "_kept", bootstrap._Kept())
    for each, matrix in zip(asked, kept, strict=True):
        np.testing.assert_array_equal(np.stack(list(each)), matrix)


def test_kept_matrices_are_few_and_counts_beyond_a_byte_are_kept_too(monkeypatch):
    kept = bootstrap._Kept()
    monkeypatch.setattr(bootstrap, "_kept", kept)
    for n in range(1, 20):
        _ = Resamples(n, 5) @ np.ones((n, 1))
    assert len(kept._blocks) == bootstrap._N_KEPT
    many = bootstrap._as_bytes(np.array([[3, 300]]))
    assert many.tolist() == [[3, 300]]


def test_a_ratio_is_that_of_the_sums_and_its_interval_that_of_a_slow_loop():
    rng = np.random.default_rng(1)
    hits, cases = rng.random((30, 2)) < 0.4, np.ones((30, 2), bool)
    drawn = Resamples(30, 200)
    first, _ = ratios(hits, cases, drawn, unit=100)
    again = [100 * sum(w * hits[:, 0]) / sum(w) for w in drawn]
    assert first.value == pytest.approx(100 * hits[:, 0].mean())
    assert (first.low, first.high) == pytest.approx(tuple(np.percentile(again, (2.5, 97.5))))


def test_resamples_of_classes_draw_each_class_whole_in_number():
    group = np.array([0, 0, 0, 1, 1, 2])
    size = {0: 3, 1: 2, 2: 1}
    for weights in Resamples(6, 20, 0, group):
        of_class = {c: weights[group == c].sum() for c in size}
        assert sum(of_class[c] / size[c] for c in size) == 3
        assert all(of_class[c] % size[c] == 0 for c in size)


def test_resamples_of_classes_are_wider_where_classes_differ():
    group = np.repeat(np.arange(8), 25)
    value = group.astype(float)[:, None]
    images, classes = (np.std(d @ value) for d in (Resamples(200), Resamples(200, group=group)))
    assert classes > 3 * images
