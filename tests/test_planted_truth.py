from dataclasses import replace

import numpy as np
import pytest

from core.estimators import estimate
from core.estimators.cross_class_score import PeakSums
from core.estimators.significance import attribute_significance, filters_table, shuffled
from tests.planted import NAMED_BY, T_NOUNS, T, planted_world


@pytest.fixture(scope="module")
def world():
    return planted_world()


def share_at(maps, cells, evidence):
    heat = np.einsum("xfp,ft->xtp", maps.reshape(*maps.shape[:2], -1).astype(np.float32), evidence)
    part = (T_NOUNS == "belly").astype(int)
    return (heat.argmax(axis=2) == cells[:, part]).mean()


@pytest.mark.parametrize("name", ["ridge", "mixture", "places"])
def test_the_planted_filters_are_named_rightly(world, name):
    p_t_given_f = estimate(name, world[0]).p_t_given_f
    assert {f: int(p_t_given_f[f].argmax()) for f in NAMED_BY} == NAMED_BY


def test_places_finds_the_planted_part_in_every_image(world):
    inputs, maps, cells = world
    assert share_at(maps, cells, estimate("places", inputs).evidence) > 0.95


@pytest.mark.parametrize("member", ["mixture", "ridge"])
def test_places_finds_the_planted_part_more_often_than_what_it_is_made_of(world, member):
    inputs, maps, cells = world
    found = {n: share_at(maps, cells, estimate(n, inputs).evidence) for n in ("places", member)}
    assert found["places"] > found[member]


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


def transfer(peaks, share, true_c, n_each=7):
    """The score from sums that are taken of a few images at a time."""
    sums = PeakSums(true_c)
    for rows in np.array_split(np.arange(len(true_c)), -(-len(true_c) // n_each)):
        sums.add(rows, peaks[rows], share[rows])
    return sums.cross_class_score()


def test_transfer_is_high_where_the_attribute_is_and_low_elsewhere():
    rng = np.random.default_rng(0)
    true_c = np.repeat(np.arange(10), 20)
    share = (true_c % 2 == 0)[:, None].astype(np.float32)
    sees = share + rng.normal(size=(200, 3)).astype(np.float32) * 0.1
    knows_class = np.eye(10, dtype=np.float32)[true_c]
    blind = rng.normal(size=(200, 10)).astype(np.float32)
    peaks = np.stack([np.pad(sees, ((0, 0), (0, 7))), knows_class, blind], axis=1)
    score = transfer(peaks, share, true_c)
    assert score[0, 0] > 0.9
    assert score[1, 0] < 0.3
    assert score[2, 0] < 0.3


def test_transfer_agrees_with_a_slow_loop_over_left_out_classes():
    rng = np.random.default_rng(1)
    true_c = np.repeat(np.arange(4), 5)
    peaks = rng.normal(size=(20, 1, 3))
    share = rng.random((20, 1)) + peaks[:, :, 0]
    predicted = np.empty(20)
    for c in range(4):
        fit, out = true_c != c, true_c == c
        mean, scale = peaks[fit, 0].mean(axis=0), peaks[fit, 0].std(axis=0)
        z = (peaks[fit, 0] - mean) / scale
        target = share[fit, 0] - share[fit, 0].mean()
        weights = np.linalg.inv(z.T @ z + 3 * 15 * np.eye(3)) @ (z.T @ target)
        predicted[out] = (peaks[out, 0] - mean) / scale @ weights
    expected = max(np.corrcoef(predicted, share[:, 0])[0, 1], 0)
    np.testing.assert_allclose(transfer(peaks, share, true_c)[0, 0], expected, rtol=1e-5)


def test_the_null_finds_planted_names_and_spares_noise(world):
    inputs, _, _ = world
    found = estimate("mixture", inputs)
    q_value, null_high = attribute_significance("mixture", inputs, found)
    assert ((q_value >= 0) & (q_value <= 1)).all()
    assert ((null_high >= 0) & (null_high <= 1)).all()
    table = filters_table(found.p_t_given_f, q_value, inputs.class_weights)
    for f, t in NAMED_BY.items():
        assert table["verdict"][f] == "named"
        assert table["name_t"][f] == t
        assert found.p_t_given_f[f, t] > null_high[f, t]
    assert table["verdict"][9] == "no nameable attribute"
    assert table["name_t"][9] == -1


def test_shuffled_captions_hardly_ever_name_a_filter(world):
    inputs, _, _ = world
    n_names = 0
    for seed in range(5):
        noise = shuffled(inputs, np.random.default_rng(100 + seed))
        q_value, _ = attribute_significance("mixture", noise, estimate("mixture", noise), seed)
        n_names += (q_value < 0.05).any(axis=1).sum()
    assert n_names <= 0.15 * 5 * inputs.pooled.shape[1]


def test_many_classes_exchange_captions_whole():
    inputs, _, _ = planted_world()
    many = replace(inputs, true_c=np.arange(len(inputs.true_c)) // 2)
    given = shuffled(many, np.random.default_rng(3))
    before, after = inputs.counts.toarray(), given.counts.toarray()
    pairs = {frozenset(map(tuple, before[i : i + 2])) for i in range(0, len(before), 2)}
    assert {frozenset(map(tuple, after[i : i + 2])) for i in range(0, len(after), 2)} == pairs
    assert not np.array_equal(before, after)


def test_the_verdict_counts_names_and_measures_entropy_in_bits():
    p = np.array([[0.5, 0.5, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0], [0, 0, 0] + [0.25] * 4])
    q = np.array([[0.2, 0.01, 1, 1, 1, 1, 1], [0.5] * 7, [0.2] * 3 + [0.01] * 4])
    table = filters_table(p, q, np.array([[1, 0, 0], [0, 1, 2]]))
    assert table["verdict"].tolist() == ["named", "no nameable attribute", "several names"]
    assert table["name_t"].tolist() == [1, -1, 3]
    assert table["n_significant"].tolist() == [1, 0, 4]
    assert table["top_c"].tolist() == [0, 1, 1]
    np.testing.assert_allclose(table["entropy"], [1, 0, 2], rtol=1e-5)
