"""Evidence for and against a label."""

import numpy as np
import pytest

from fieldmarks.core.causes.label_evidence import (
    ClassEvidence,
    LabelNoise,
    inverse_temperature,
    nearest_neighbours,
)


def test_an_image_is_never_its_own_neighbour(faulty):
    nearest = nearest_neighbours(faulty)
    is_train = faulty.images["is_train"].to_numpy()
    assert not (nearest == np.arange(len(nearest))[:, None]).any()
    assert is_train[nearest].all()


def test_overconfident_log_probabilities_are_scaled_to_the_best_likelihood():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 200)
    said = rng.normal(size=(200, 3)) * 20
    said[np.arange(200), labels] += 10
    rows = np.arange(200)
    best = inverse_temperature(lambda xs: said[xs], labels, rows)

    def loss(factor):
        scaled = factor * said
        return (np.log(np.exp(scaled).sum(axis=1)) - scaled[rows, labels]).mean()

    assert loss(best) < loss(1.0) / 2
    assert loss(best) <= min(loss(0.9 * best), loss(1.1 * best))


@pytest.mark.parametrize("share", [0.0, 0.05])
def test_the_probability_of_a_wrong_label_holds_whatever_share_is_wrong(share):
    rng = np.random.default_rng(1)
    n, C = 4000, 5
    log_p = 4.0 * rng.normal(size=(n, C))
    p = np.exp(log_p) / np.exp(log_p).sum(axis=1, keepdims=True)
    true = (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    is_wrong = rng.random(n) < share
    labels = np.where(is_wrong, (true + rng.integers(1, C, n)) % C, true)
    evidence = ClassEvidence(lambda xs: 0.5 * log_p[xs], np.ones(n, bool))  # half as sure
    noise = LabelNoise.of(evidence, labels)
    assert noise.scale == pytest.approx(2, rel=0.1)
    assert noise.share == pytest.approx(share, abs=0.015)
    p_wrong = noise.p_wrong(evidence.log_p(np.arange(n)), labels)
    assert p_wrong.sum() == pytest.approx(is_wrong.sum(), abs=0.015 * n)
    if share:
        assert is_wrong[p_wrong > 0.8].mean() > 0.8
    else:
        assert p_wrong.max() < 0.5
        clearest = np.sort(p_wrong)[-20:].astype(np.float32)
        assert (np.diff(0.5 + 0.5 * clearest) > 0).all()  # suspects keep their order
