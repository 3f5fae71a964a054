"""Diversity of explanations: number and entropy of top attributes."""

import numpy as np
import pytest

from fieldmarks.core.bootstrap import Resamples
from fieldmarks.core.scores.diversity import score_diversity

TOP = np.array([3, 3, 3, 8, 8, 1])


def slow_entropy(top) -> float:
    shares = [list(top).count(t) / len(top) for t in set(top)]
    return -sum(share * np.log2(share) for share in shares)


def test_it_agrees_with_a_slow_loop():
    scores = score_diversity(TOP)
    assert scores["different top attributes"].value == 3
    assert scores["entropy"].value == pytest.approx(slow_entropy(TOP))


def test_the_interval_is_that_of_the_resamples():
    entropies, kinds = [], []
    for weights in Resamples(len(TOP), seed=4):
        drawn = np.repeat(TOP, weights.astype(int))
        entropies.append(slow_entropy(drawn))
        kinds.append(len(set(drawn)))
    scores = score_diversity(TOP, seed=4)
    low, high = np.percentile(entropies, [2.5, 97.5])
    assert scores["entropy"].low == pytest.approx(low, abs=1e-6)
    assert scores["entropy"].high == pytest.approx(high, abs=1e-6)
    assert scores["different top attributes"].low == np.percentile(kinds, 2.5)


def test_the_same_attribute_for_every_image_has_no_entropy():
    scores = score_diversity(np.full(9, 5))
    assert scores["different top attributes"].value == 1
    assert scores["entropy"].value == scores["entropy"].high == 0
