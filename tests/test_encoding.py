import numpy as np
import pytest
from scipy import sparse

from core.estimators import estimate
from core.estimators.encoding import nonnegative_elastic_net
from core.estimators.peak_readout import (
    COLOCATION_TEMPERATURE,
    MAX_LOG_WEIGHT,
    SHRINKAGE,
    TEMPERATURE,
    log_place,
    log_weights,
    noun_scores,
)
from core.probability import prior
from tests.test_estimators import planted_inputs

NOUNS = np.array(["bill", "wing", "bill"])


def placed_inputs(seed=0, X=240, C=12):
    """Colours of bill and wing differ by class; filters 0 to 2 see the bill, 3 to 5 the wing.

    A filter is active in its cell whatever the colour, a little more for one of them.
    """
    rng = np.random.default_rng(seed)
    true_c = np.arange(X) % C
    colours = rng.integers(0, 3, (C, 2))[true_c]
    maps = 0.05 * rng.random((X, 6, 3, 3)).astype(np.float16)
    for x, (bill, wing) in enumerate(colours):
        maps[x, :3, 0, 0] += 1 + np.eye(3)[bill]
        maps[x, 3:, 2, 2] += 1 + np.eye(3)[wing]
    counts = np.zeros((X, 6), int)
    counts[np.arange(X), colours[:, 0]] = 8
    counts[np.arange(X), 3 + colours[:, 1]] = 8
    counts *= rng.random(counts.shape) < 0.9
    table = sparse.csr_array(counts)
    return planted_inputs(
        pooled=maps.mean(axis=(2, 3)).astype(np.float32),
        counts=table,
        n_captions=np.full(X, 10),
        prior=prior(table),
        true_c=true_c,
        nouns=np.repeat(["bill", "wing"], 3),
        adjectives=np.tile(["red", "black", "white"], 2),
        class_weights=np.ones((C, 6), np.float32),
        maps=lambda: iter([(np.arange(0, 100), maps[:100]), (np.arange(100, X), maps[100:])]),
    )


def test_the_noun_at_the_peak_is_that_of_the_cell():
    weights = log_place(placed_inputs())
    bill, wing = weights[:, 0], weights[:, 3]
    assert (bill[:3] > wing[:3]).all()
    assert (wing[3:] > bill[3:]).all()


def test_filters_are_named_by_word_and_place():
    result = estimate("encoding", placed_inputs())
    assert result.p_t_given_f.argmax(axis=1).tolist() == list(range(6))


def test_the_filters_of_a_word_are_those_of_its_heatmap():
    result = estimate("encoding", placed_inputs())
    for t in range(6):
        assert result.evidence[:, t].argmax() == result.p_t_given_f[:, t].argmax()


def test_attributes_of_a_noun_share_a_shrunk_mean():
    score = np.array([[0.5, 0.2, 0.3], [0.1, 0.6, 0.0]])
    expected = np.empty((2, 4))
    for f in range(2):
        average = sum(score[f]) / 3
        expected[f, 0] = (0.5, 0.1)[f] + (0.3, 0.0)[f] + SHRINKAGE * average
        expected[f, 0] /= 2 + SHRINKAGE
        expected[f, 1] = expected[f, 0]
        expected[f, 2] = (score[f, 1] + SHRINKAGE * average) / (1 + SHRINKAGE)
        expected[f, 3] = average
    of = np.array(["bill", "bill", "wing", "tail"])
    np.testing.assert_allclose(noun_scores(score, NOUNS, of), expected, rtol=1e-6)


def test_scores_are_averaged_over_filters_of_the_same_cells():
    rng = np.random.default_rng(0)
    noun, colocation = rng.random((4, 3)) / 100, rng.normal(size=(4, 4))
    shared = np.zeros((4, 3))
    for f in range(4):
        weights = [np.exp(colocation[f, g] / COLOCATION_TEMPERATURE) for g in range(4)]
        for g in range(4):
            shared[f] += weights[g] / sum(weights) * noun[g]
    shared -= shared.mean(axis=0)
    scale = noun.std(axis=0).mean() / shared.std(axis=0).mean()
    expected = np.clip(shared * scale / TEMPERATURE, -MAX_LOG_WEIGHT, MAX_LOG_WEIGHT)
    np.testing.assert_allclose(log_weights(noun, colocation), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("ridge", [0.1, 1.0])
def test_the_elastic_net_agrees_with_coordinate_descent(ridge):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 5))
    squares, products = x.T @ x / 40, rng.normal(size=(5, 3))
    sparsity = rng.uniform(0, 0.5, (5, 3))
    expected = np.zeros((5, 3))
    for _ in range(2000):
        for t in range(5):
            others = squares[t] @ expected - squares[t, t] * expected[t]
            free = products[t] - others - sparsity[t]
            expected[t] = np.maximum(free / (squares[t, t] + ridge), 0)
    weights = nonnegative_elastic_net(squares, products, sparsity, ridge)
    np.testing.assert_allclose(weights, expected, atol=1e-4)
    assert (expected == 0).any()


def test_a_word_whose_noun_is_elsewhere_is_not_regressed_on():
    squares, products = np.eye(2), np.ones((2, 1))
    weights = nonnegative_elastic_net(squares, products, np.array([[0.1], [5.0]]), 0.1)
    assert weights[1] == 0 < weights[0]
