"""What can be read at a filter's peak: which noun's attributes the most active cell predicts."""

import numpy as np

from fieldmarks.core.estimators.peak_readout import (
    COLOCATION_TEMPERATURE,
    MAX_LOG_WEIGHT,
    SHRINKAGE,
    TEMPERATURE,
    log_place,
    log_weights,
    noun_scores,
)
from tests.support.planted_parts import placed_inputs

NOUNS = np.array(["bill", "wing", "bill"])


def test_the_noun_at_the_peak_is_that_of_the_cell():
    weights = log_place(placed_inputs())
    bill, wing = weights[:, 0], weights[:, 3]
    assert (bill[:3] > wing[:3]).all()
    assert (wing[3:] > bill[3:]).all()


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
