"""q(t, x) says whether an attribute is in an image, whatever the estimator's evidence says."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fieldmarks.core.errors import MissingRunError
from fieldmarks.core.presence.presence import Presence, presence_of, presence_of_word
from fieldmarks.core.run.one_image import one_image_run
from tests.support.seen_run import T, X

#: A curve that leaves log-odds as they are.
STRAIGHT = np.array([0.0, 1.0, 1.0])


def aucs(run, score: np.ndarray) -> np.ndarray:
    truth = run.counts.toarray()[run.is_test] > 0
    return np.array([roc_auc_score(truth[:, t], score[run.is_test, t]) for t in range(T)])


def test_presence_is_found_where_the_evidence_of_the_estimator_fails(seen):
    by_evidence = seen.array("pooled") @ seen.array("evidence")
    assert aucs(seen, by_evidence).mean() < 0.7
    assert aucs(seen, Presence.of(seen).q(seen.array("pooled"))).min() > 0.9


def test_presence_of_exchanged_images_is_not_found(seen):
    pooled = seen.array("pooled")[np.random.default_rng(1).permutation(X)]
    assert aucs(seen, Presence.of(seen).q(pooled)).mean() < 0.6


def test_probabilities_of_images_that_were_not_fitted_are_calibrated(seen):
    q = Presence.of(seen).q(seen.array("pooled"))[seen.is_test]
    named = seen.counts.toarray()[seen.is_test] > 0
    for low, high in ((0, 0.2), (0.8, 1)):
        of = (q >= low) & (q <= high)
        assert named[of].mean() == pytest.approx(q[of].mean(), abs=0.05)


def test_q_agrees_with_a_slow_loop():
    rng = np.random.default_rng(0)
    weights, bias = rng.normal(size=(4, 5)), rng.normal(size=5)
    bias[4] = np.nan
    choice = np.array([-2, -2, 0, 0, -1])  # two values that always are, two that may be
    features, standard = rng.normal(size=(6, 4)), np.abs(rng.normal(size=(2, 4)))
    c, a, b = curve = np.array([0.3, 1.2, 0.7])
    sharpness = np.array([1.5])
    q = Presence(standard, weights, bias, choice, curve, np.full(5, 0.5), sharpness).q(features)
    for x in range(6):
        alone, roots = [], np.sign(features[x]) * abs(features[x]) ** 0.5
        z = [(roots[f] - standard[0, f]) / standard[1, f] for f in range(4)]
        length = np.sqrt(sum(value**2 for value in z) / 4)
        for t in range(5):
            odds = bias[t] + sum(z[f] / length * weights[f, t] for f in range(4))
            p = 1 / (1 + np.exp(-odds))
            odds = c + a * np.log(p) - b * np.log(1 - p)
            alone.append(1 / (1 + np.exp(-(1.5 if t < 2 else 1) * odds)))
        always, may = alone[0] + alone[1], max(1, alone[2] + alone[3])
        expected = [alone[0] / always, alone[1] / always, alone[2] / may, alone[3] / may, np.nan]
        np.testing.assert_allclose(q[x], expected, rtol=1e-4)


def test_one_word_is_compared_with_the_other_values_of_its_property(seen):
    rng = np.random.default_rng(0)
    weights, bias, choice = rng.normal(size=(3, 4)), rng.normal(size=4), np.array([0, -1, 0, -2])
    standard = np.array([[0.0] * 3, [1.0] * 3])
    presence = Presence(standard, weights, bias, choice, STRAIGHT, np.full(4, 0.5))
    pooled = rng.random((5, 3))
    for ts in ([2], [1], [0, 3], [3, 1, 2]):
        np.testing.assert_allclose(presence.q(pooled, np.array(ts)), presence.q(pooled)[:, ts])
    np.testing.assert_allclose(
        presence_of_word(seen, 4), presence_of(seen).q(seen.array("pooled"))[:, 4], rtol=1e-5
    )


def test_a_new_image_is_seen_by_the_weights_of_the_run(seen):
    maps, pooled, logits = seen.maps(3), seen.array("pooled")[3], seen.array("logits")[3]
    new = one_image_run(seen, maps, pooled, logits)
    expected = presence_of(seen).q(pooled)
    np.testing.assert_allclose(presence_of_word(new, 2), expected[2], rtol=1e-5)


def test_a_run_without_presence_claims_none(run):
    assert presence_of(run) is None
    with pytest.raises(MissingRunError, match="does not tell what is seen"):
        presence_of_word(run, 0)
