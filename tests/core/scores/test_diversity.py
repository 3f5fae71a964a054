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


def test_the_interval_has_the_spread_of_the_resamples_around_the_figure():
    entropies, kinds = [], []
    for weights in Resamples(len(TOP), seed=4):
        drawn = np.repeat(TOP, weights.astype(int))
        entropies.append(slow_entropy(drawn))
        kinds.append(len(set(drawn)))
    scores = score_diversity(TOP, seed=4)
    for name, again in (("entropy", entropies), ("different top attributes", kinds)):
        low, high = np.percentile(again, [2.5, 97.5]) - np.mean(again) + scores[name].value
        assert (scores[name].low, scores[name].high) == pytest.approx((low, high), abs=1e-6)


def drawn(rng: np.random.Generator, base: np.ndarray, C: int = 24, n: int = 12) -> np.ndarray:
    """Return top attributes of n images of each of C classes, each class with its own few."""
    p = rng.dirichlet(8 * base + 1e-3, size=C)
    return np.concatenate([rng.choice(len(base), n, p=each) for each in p])


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("is_grouped", [False, True])
def test_no_interval_excludes_its_figure(seed, is_grouped):
    rng = np.random.default_rng(seed)
    top = drawn(rng, rng.dirichlet(np.full(60, 0.5)))
    group = np.repeat(np.arange(24), 12) if is_grouped else None
    for score in score_diversity(top, group, seed).values():
        assert score.low < score.value < score.high


@pytest.mark.slow
def test_intervals_cover_what_other_images_of_other_classes_would_give():
    rng = np.random.default_rng(0)
    base, group = rng.dirichlet(np.full(60, 0.5)), np.repeat(np.arange(24), 12)
    truth = np.mean([len(set(drawn(rng, base).tolist())) for _ in range(400)])
    scores = [
        score_diversity(drawn(rng, base), group)["different top attributes"] for _ in range(60)
    ]
    assert np.mean([score.low <= truth <= score.high for score in scores]) > 0.85


def test_the_same_attribute_for_every_image_has_no_entropy():
    scores = score_diversity(np.full(9, 5))
    assert scores["different top attributes"].value == 1
    assert scores["entropy"].value == scores["entropy"].high == 0
