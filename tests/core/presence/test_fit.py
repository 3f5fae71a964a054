"""Presence is fitted to training images, and claimed only where words are of images."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit

from fieldmarks.core.errors import DataError
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.presence.fit import (
    BETWEEN_WEIGHT,
    LABEL_POWER,
    PENALTIES,
    _labels,
    _Regression,
    _sharpness,
    fit_presence,
    presence_arrays,
    varies_within_classes,
)
from fieldmarks.core.presence.presence import SEEN, shared
from tests.support.counts import count_arrays
from tests.support.seen_run import write_planted_run


def test_the_regression_minimises_its_loss_as_a_slow_solver_does():
    rng = np.random.default_rng(0)
    z, c = rng.normal(size=(40, 3)), rng.integers(0, 4, 40)
    y = (z[:, :1] + rng.normal(size=(40, 1)) > 0).astype(float)
    rows, left_out = np.arange(30), np.arange(30, 40)
    regression = _Regression(z.astype(np.float32), rows, c, left_out)
    fit = regression.fit(sparse.csr_array(y.astype(np.float32)))
    best = np.array([2])
    weights, start = fit.solution(best)
    centred, target = z[rows] - z[rows].mean(axis=0), y[rows] - y[rows].mean()
    gram, product = PENALTIES[2] * 30 * np.eye(3), np.zeros(3)
    for k in range(4):
        of = c[rows] == k
        mean, mean_y = centred[of].mean(axis=0), target[of].mean()
        for z_x, y_x in zip(centred[of], target[of, 0], strict=True):
            gram += np.outer(z_x - mean, z_x - mean)
            product += (z_x - mean) * (y_x - mean_y)
        gram += BETWEEN_WEIGHT * of.sum() * np.outer(mean, mean)
        product += BETWEEN_WEIGHT * of.sum() * mean * mean_y
    np.testing.assert_allclose(weights[:, 0], np.linalg.solve(gram, product), rtol=1e-3)
    np.testing.assert_allclose(fit.predictions(best), z[left_out] @ weights + start, rtol=1e-3)


def test_errors_of_left_out_images_are_those_of_their_predictions_for_each_penalty():
    rng = np.random.default_rng(0)
    z, c = rng.normal(size=(60, 4)).astype(np.float32), rng.integers(0, 4, 60)
    named = rng.random((60, 3)) * (rng.random((60, 3)) < expit(z[:, :3]))
    left_out = np.arange(60) % 3 == 0
    regression = _Regression(z, np.flatnonzero(~left_out), c, np.flatnonzero(left_out))
    fit = regression.fit(sparse.csr_array(named, dtype=np.float32))
    losses = fit.losses()
    assert losses.shape == (len(PENALTIES), 3)
    for i, loss in enumerate(losses):
        predicted = fit.predictions(np.full(3, i))
        expected = np.square(predicted - named[left_out]).sum(axis=0)
        np.testing.assert_allclose(loss, expected, rtol=1e-4)


def test_a_word_counts_more_the_more_captions_name_it():
    counts = sparse.csr_array(np.array([[0, 1, 10], [5, 0, 0]]))
    expected = [[0, 0.1**LABEL_POWER, 1], [1, 0, 0]]
    np.testing.assert_allclose(_labels(counts, np.array([10, 5])).toarray(), expected, rtol=1e-6)


def test_values_that_share_a_probability_are_as_sharp_as_left_out_images_show():
    rng = np.random.default_rng(0)
    odds = rng.normal(size=(4000, 3)).astype(np.float32) * 2
    choice = np.array([-2, -2, -2])
    q = shared(expit(1.6 * odds), choice)
    value = (rng.random((4000, 1)) > q.cumsum(axis=1)).sum(axis=1)
    found = _sharpness(odds, choice, value[:, None] == np.arange(3))
    assert found == pytest.approx(1.6, rel=0.06)
    assert _sharpness(odds[:, :0], choice[:0], np.empty((4000, 0), bool)) == 1


def test_test_images_take_no_part(seen):
    pooled = np.array(seen.array("pooled"))
    pooled[seen.is_test] = 7
    again = presence_arrays(seen.changed({"pooled": pooled}))
    np.testing.assert_array_equal(again["presence_weights"], seen.array("presence_weights"))


def test_a_word_of_too_few_images_is_unknown(seen):
    inputs = inputs_of(seen)
    counts = inputs.counts.tolil()
    counts[:, 0] = 0
    counts[:4, 0] = 1
    fitted = fit_presence(replace(inputs, counts=sparse.csr_array(counts)))
    assert not fitted.is_known[0]
    assert fitted.is_known[1:].all()
    assert fitted.line[0] == SEEN
    assert (fitted.line > 0).all()
    assert np.isnan(fitted.q(seen.array("pooled")[:3])[:, 0]).all()


def test_presence_is_not_claimed_where_words_are_of_classes(seen):
    inputs = inputs_of(seen)
    assert varies_within_classes(inputs)
    of_classes = sparse.csr_array(np.eye(4, 10)[inputs.true_c])
    assert not varies_within_classes(replace(inputs, counts=of_classes))
    n, T = len(seen.images), seen.sizes["T"]
    every = np.eye(4, T)[seen.images["true_c"]]
    assert every.shape == (n, T)
    with pytest.raises(DataError, match="all images of a class have the same words"):
        presence_arrays(seen.changed(count_arrays(every)))


def test_without_captions_there_is_nothing_to_fit_to(tmp_path):
    with pytest.raises(DataError, match="no training image has a caption"):
        presence_arrays(write_planted_run(tmp_path, captioned=False))
