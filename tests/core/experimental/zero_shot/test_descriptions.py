"""Descriptions of classes by captions."""

import numpy as np
import pytest
from scipy import sparse

from fieldmarks.core.estimators.base import caption_fraction
from fieldmarks.core.experimental.zero_shot.descriptions import class_descriptions, directions
from tests.support.planted import N_CLASSES, planted_world


@pytest.fixture(scope="module")
def world():
    return planted_world()[0]


@pytest.fixture(scope="module")
def descriptions(world):
    return class_descriptions(caption_fraction(world), world.true_c, N_CLASSES)


def test_a_description_is_the_mean_share_of_captions(world, descriptions):
    share = caption_fraction(world).toarray()
    for c in range(N_CLASSES):
        np.testing.assert_allclose(descriptions[c], share[world.true_c == c].mean(axis=0), 1e-6)
    assert np.isnan(class_descriptions(sparse.csr_array((1, 2)), np.array([0]), 2)[1]).all()


def test_directions_agree_with_a_slow_loop():
    rng = np.random.default_rng(0)
    descriptions, is_seen = rng.random((5, 4)), np.array([True, True, False, True, False])
    descriptions[3] = np.nan
    mean = (descriptions[0] + descriptions[1]) / 2
    result = directions(descriptions, is_seen)
    for c in range(5):
        expected = np.zeros(4)
        if c != 3:
            expected = (descriptions[c] - mean) / np.sqrt(sum((descriptions[c] - mean) ** 2))
        np.testing.assert_allclose(result[c], expected)
