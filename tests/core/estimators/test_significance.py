from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse, stats

from fieldmarks.core.estimators import Inputs, estimate, significance
from fieldmarks.core.estimators.significance import attribute_significance, filters_table, shuffled
from fieldmarks.core.probability import prior
from tests.support.planted import NAMED_BY, planted_world

X, F, T, C = 150, 60, 80, 5


def long_tailed_world(seed: int = 0) -> Inputs:
    """Activations and captions that know nothing of each other; most attributes are rare."""
    rng = np.random.default_rng(seed)
    frequency = 0.6 / np.arange(1, T + 1) ** 0.8
    counts = sparse.csr_array((rng.random((X, T)) < frequency).astype(int))
    return Inputs(
        pooled=rng.gamma(0.5, 1, (X, F)).astype(np.float32),
        counts=counts,
        n_captions=np.full(X, 10),
        prior=prior(counts),
        true_c=np.arange(X) % C,
        nouns=np.full(T, "bill"),
        adjectives=np.arange(T).astype(str),
        class_weights=rng.uniform(0.5, 1.5, (C, F)).astype(np.float32),
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_rare_attributes_hardly_ever_name_a_filter_by_accident(seed):
    inputs = long_tailed_world(seed)
    q_value, null_high = attribute_significance(
        "mixture", inputs, estimate("mixture", inputs), seed
    )
    assert (q_value < 0.05).any(axis=1).mean() <= 0.15
    again = estimate("mixture", shuffled(inputs, np.random.default_rng(seed + 9)))
    assert (again.p_t_given_f > null_high).any(axis=1).mean() <= 0.15


def test_counted_tails_agree_with_sorted_ones_and_never_say_less():
    """The slow way: sort the tail of each group of attributes, whole."""
    inputs, n_shuffles = long_tailed_world(), 20
    observed, roots = estimate("mixture", inputs), []
    q_value, null_high = attribute_significance(
        "mixture",
        inputs,
        observed,
        n_shuffles=n_shuffles,
        look=lambda i, p_t_given_f: roots.append(np.sqrt(p_t_given_f.astype(float))),
    )
    mean = np.mean(roots[:n_shuffles], axis=0)
    spread = np.std(roots[:n_shuffles], axis=0, ddof=1)
    spread = np.maximum(spread, np.finfo(np.float32).eps)
    noise = (np.array(roots[n_shuffles:]) - mean) / spread
    z = (np.sqrt(observed.p_t_given_f) - mean) / spread
    by_frequency = np.argsort(-inputs.counts.sum(axis=0), kind="stable")
    n_sharing = int(np.ceil(2 * T / (0.05 * n_shuffles * F)))
    p_value = np.empty((F, T))
    for start in range(0, T, n_sharing):
        alike = by_frequency[start : start + n_sharing]
        tail = np.sort(noise[:, :, alike], axis=None)
        p_value[:, alike] = 1 - np.searchsorted(tail, z[:, alike]) / len(tail)
    p_value = np.minimum(p_value + 1 / (n_shuffles * F * n_sharing), 1)
    slow = stats.false_discovery_control(p_value, axis=1)
    assert (q_value >= slow - 1e-3).all()  # what rounding to 32 bits can take
    np.testing.assert_allclose(q_value[slow < 0.5], slow[slow < 0.5], rtol=0.1, atol=0.01)
    at_edge = np.isclose(observed.p_t_given_f, null_high, rtol=1e-4)
    assert (((observed.p_t_given_f > null_high) == (q_value < 0.05)) | at_edge).all()


@pytest.mark.slow
def test_a_filter_that_follows_an_attribute_is_named_among_many_rare_ones():
    inputs = long_tailed_world()
    named = np.arange(10)
    pooled = inputs.pooled * 0.3
    pooled[:, named] += 3 * inputs.counts[:, named].toarray()
    inputs = replace(inputs, pooled=pooled)
    estimated = estimate("mixture", inputs)
    q_value, _ = attribute_significance("mixture", inputs, estimated, n_shuffles=60)
    table = filters_table(estimated.p_t_given_f, q_value, inputs.class_weights)
    assert (table["name_t"][named] == named).mean() >= 0.8
    assert (table["verdict"][10:] == "unnamed").mean() >= 0.7


def world_of_classes(seed: int) -> Inputs:
    """Classes that differ in what is active and in what is said, and neither knows of the other."""
    rng = np.random.default_rng(seed)
    n_classes, n_each, n_filters, n_words = 12, 10, 30, 20
    true_c = np.repeat(np.arange(n_classes), n_each)
    pooled = rng.gamma(0.5, 1, (n_classes, n_filters))[true_c]
    pooled = pooled * rng.uniform(0.8, 1.2, pooled.shape)
    says = rng.random((n_classes, n_words)) ** 3
    counts = sparse.csr_array(rng.binomial(10, says[true_c]))
    return Inputs(
        pooled=pooled.astype(np.float32),
        counts=counts,
        n_captions=np.full(len(true_c), 10),
        prior=prior(counts),
        true_c=true_c,
        nouns=np.full(n_words, "bill"),
        adjectives=np.arange(n_words).astype(str),
        class_weights=rng.uniform(0.5, 1.5, (n_classes, n_filters)).astype(np.float32),
    )


def share_named(inputs: Inputs, seed: int) -> float:
    q_value, _ = attribute_significance("mixture", inputs, estimate("mixture", inputs), seed)
    return (q_value < 0.05).any(axis=1).mean()


@pytest.mark.slow
def test_twenty_null_runs_name_about_one_filter_in_twenty():
    shares = [share_named(world_of_classes(seed), seed) for seed in range(20)]
    assert 0.01 < np.mean(shares) < 0.08


@pytest.mark.slow
def test_the_structure_of_classes_alone_would_name_filters_if_images_were_permuted(monkeypatch):
    """What exchanging classes guards against."""

    def permuted(inputs, rng):
        rows = rng.permutation(len(inputs.true_c))
        return replace(inputs, counts=inputs.counts[rows], n_captions=inputs.n_captions[rows])

    monkeypatch.setattr(significance, "shuffled", permuted)
    assert np.mean([share_named(world_of_classes(seed), seed) for seed in range(3)]) > 0.5


@pytest.fixture(scope="module")
def world():
    return planted_world()


@pytest.mark.slow
def test_the_null_finds_planted_names_and_spares_noise(world):
    inputs, _, _ = world
    estimated = estimate("mixture", inputs)
    q_value, null_high = attribute_significance("mixture", inputs, estimated)
    assert ((q_value >= 0) & (q_value <= 1)).all()
    assert ((null_high >= 0) & (null_high <= 1)).all()
    table = filters_table(estimated.p_t_given_f, q_value, inputs.class_weights)
    for f, t in NAMED_BY.items():
        assert table["verdict"][f] == "named"
        assert table["name_t"][f] == t
        assert estimated.p_t_given_f[f, t] > null_high[f, t]
    at_edge = np.isclose(estimated.p_t_given_f, null_high, rtol=1e-4)
    is_above = estimated.p_t_given_f > null_high
    assert ((is_above == (q_value < 0.05)) | at_edge).all(), "a bar passes its band if significant"
    assert 0 < is_above.sum() < is_above.size
    assert table["verdict"][9] == "unnamed"
    assert table["name_t"][9] == -1


@pytest.mark.slow
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
    assert table["verdict"].tolist() == ["named", "unnamed", "several names"]
    assert table["name_t"].tolist() == [1, -1, 3]
    assert table["n_significant"].tolist() == [1, 0, 4]
    assert table["top_c"].tolist() == [0, 1, 1]
    np.testing.assert_allclose(table["entropy"], [1, 0, 2], rtol=1e-5)
