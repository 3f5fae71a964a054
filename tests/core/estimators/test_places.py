"""Where attributes lie, on a planted world."""

import numpy as np
import pytest

from fieldmarks.core.estimators import estimate
from fieldmarks.core.estimators.significance import shuffled
from tests.support.planted import T_NOUNS, T, planted_world

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world():
    return planted_world()


def share_at(maps, cells, evidence):
    heat = np.einsum("xfp,ft->xtp", maps.reshape(*maps.shape[:2], -1).astype(np.float32), evidence)
    part = (T_NOUNS == "belly").astype(int)
    return (heat.argmax(axis=2) == cells[:, part]).mean()


def test_places_finds_the_planted_part_in_every_image(world):
    inputs, maps, cells = world
    assert share_at(maps, cells, estimate("places", inputs).evidence) > 0.95


@pytest.mark.parametrize("member", ["mixture", "ridge"])
def test_places_finds_the_planted_part_more_often_than_what_it_is_made_of(world, member):
    inputs, maps, cells = world
    share = {n: share_at(maps, cells, estimate(n, inputs).evidence) for n in ("places", member)}
    assert share["places"] > share[member]


def test_weights_that_ignore_the_attribute_cannot_tell_head_from_belly(world):
    _, maps, cells = world
    assert share_at(maps, cells, np.ones((maps.shape[1], T))) < 0.6


def test_without_maps_the_evidence_of_places_is_the_mixtures(world):
    blind = shuffled(world[0], np.random.default_rng(0))
    np.testing.assert_array_equal(
        estimate("places", blind).evidence, estimate("mixture", blind).evidence
    )


def test_places_takes_its_words_from_the_mixture(world):
    np.testing.assert_array_equal(
        estimate("places", world[0]).p_t_given_f, estimate("mixture", world[0]).p_t_given_f
    )


def test_places_gives_the_same_twice(world):
    first, second = (estimate("places", world[0]).evidence for _ in range(2))
    np.testing.assert_array_equal(first, second)
