"""Average precision of rankings, plain and of a bootstrap resample."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from fieldmarks.core.scores import average_precision as module
from fieldmarks.core.scores.average_precision import Rankings

N, K = 30, 4


@pytest.fixture
def ranked():
    rng = np.random.default_rng(0)
    return np.round(rng.random((N, K)), 1), rng.random((N, K)) < 0.4  # many ties


def slow_average_precision(scores, truth):
    """The sum over thresholds of precision times the recall that it adds."""
    total, recall = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        kept = [i for i in range(len(scores)) if scores[i] >= threshold]
        hits = sum(truth[i] for i in kept)
        total += hits / len(kept) * (hits / sum(truth) - recall)
        recall = hits / sum(truth)
    return total


def test_it_agrees_with_a_slow_loop_and_with_scikit_learn(ranked):
    scores, truth = ranked
    for j, value in enumerate(Rankings(scores, truth).average_precision()):
        assert value == pytest.approx(slow_average_precision(scores[:, j], truth[:, j]), rel=1e-5)
        assert value == pytest.approx(average_precision_score(truth[:, j], scores[:, j]), rel=1e-5)


def test_an_image_of_weight_two_counts_as_two_images(ranked):
    scores, truth = ranked
    weights = np.random.default_rng(1).integers(0, 4, N)
    drawn = np.repeat(np.arange(N), weights)
    values = Rankings(scores, truth).average_precision(weights.astype(np.float32))
    for j in range(K):
        expected = [0.0, 0.0]  # a weight keeps an image at its rank among ties of others
        ranking, hits, n_all = sorted(drawn, key=lambda i: (-scores[i, j], i)), 0, 0
        for threshold in sorted(set(scores[drawn, j]), reverse=True):
            at = [i for i in ranking if scores[i, j] == threshold]
            new = sum(truth[i, j] for i in at)
            hits, n_all = hits + new, n_all + len(at)
            expected[0] += new * hits / n_all
            expected[1] += new
        assert values[j] == pytest.approx(expected[0] / expected[1], rel=1e-5)


@pytest.mark.parametrize("relevant", [np.zeros(N, bool), np.ones(N, bool)])
def test_where_none_or_all_are_relevant_there_is_no_score(ranked, relevant):
    scores, truth = ranked
    truth[:, 2] = relevant
    is_scored = np.isfinite(Rankings(scores, truth).average_precision())
    assert is_scored.tolist() == [True, True, False, True]


def test_blocks_of_columns_give_what_one_block_gives(ranked, monkeypatch):
    whole = Rankings(*ranked).average_precision()
    monkeypatch.setattr(module, "_ENTRIES", N)
    np.testing.assert_array_equal(Rankings(*ranked).average_precision(), whole)
