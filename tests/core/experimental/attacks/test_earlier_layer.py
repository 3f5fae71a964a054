"""Words of an earlier layer: its head, and which images it needs."""

import numpy as np
import pytest
from scipy.special import log_softmax

from fieldmarks.core.experimental.attacks.earlier_layer import (
    EarlierWords,
    fit_head,
    images_of_earlier,
)
from fieldmarks.core.experimental.attacks.record import read_attacks
from fieldmarks.core.experimental.attacks.reference import LEAST, taught_images
from fieldmarks.core.probability import sigma
from tests.support.attacked import write_attacked_run


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    return write_attacked_run(tmp_path_factory.mktemp("attacked"))


def blobs(n_classes: int, n=40, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n * n_classes) % n_classes
    centres = 3 * rng.random((n_classes, 6))
    return np.abs(centres[labels] + 0.2 * rng.normal(size=(len(labels), 6))), labels


@pytest.mark.parametrize("n_classes", [2, 5])
def test_the_head_separates_classes_that_lie_apart_by_unscaled_activations(n_classes):
    pooled, labels = blobs(n_classes)
    weights, bias = fit_head(pooled, labels, n_classes)
    assert weights.shape == (n_classes, 6)
    assert ((pooled @ weights.T + bias).argmax(axis=1) == labels).mean() > 0.97


def test_a_class_without_training_images_is_never_predicted():
    pooled, labels = blobs(3)
    weights, bias = fit_head(pooled, 2 * labels, 6)
    assert set((pooled @ weights.T + bias).argmax(axis=1)) == {0, 2, 4}


def test_a_filter_that_never_changes_has_no_weight():
    pooled, labels = blobs(3)
    pooled[:, 2] = 1.5
    weights, _ = fit_head(pooled, labels, 3)
    assert (weights[:, 2] == 0).all()


def test_captioned_training_images_and_failures_are_needed(attacked):
    xs = images_of_earlier(attacked)
    assert np.isin(taught_images(attacked), xs).all()
    captioned = attacked.images["n_captions"].to_numpy() > 0
    assert np.isin(attacked.failures[captioned[attacked.failures]], xs).all()
    assert not np.isin(np.flatnonzero(attacked.is_test & attacked.is_right), xs).any()


def test_words_and_classes_are_those_of_the_formulas(attacked):
    of_run = read_attacks(attacked).earlier_of_run
    earlier = EarlierWords.of(attacked, of_run)
    pooled = of_run.pooled[:4].astype(float)
    scores = pooled @ earlier.class_weights.T + earlier.class_bias
    np.testing.assert_allclose(earlier.log_p(pooled), log_softmax(scores, axis=1), atol=1e-5)
    said = earlier.image_words(pooled)
    for i, c in enumerate(scores.argmax(axis=1)):
        p = sigma(pooled[i] * earlier.class_weights[c]) @ earlier.p_t_given_f
        varies = np.isfinite(earlier.deviation)
        expected = (np.log(np.maximum(p, LEAST)) - earlier.mean) / earlier.deviation
        np.testing.assert_allclose(said[i][varies], expected[varies], atol=1e-3)
    np.testing.assert_allclose(earlier.p_t_given_f.sum(axis=1), 1, atol=1e-5)
