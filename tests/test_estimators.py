import numpy as np
import pytest
from scipy import sparse

from core import estimators
from core.errors import DataError
from core.estimators import ESTIMATORS, Inputs, estimate
from core.estimators.literal import DEFAULT_READING, p_by_reading
from core.estimators.mixture import most_likely, tilted
from core.probability import prior

X, F, T, C = 60, 7, 5, 3


def planted_inputs(seed=0, noise=0.3, **changes) -> Inputs:
    """Filter f is active on images whose captions name attribute f, for f < T; others are noise."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 8, (X, T)) * (rng.random((X, T)) < [0.9, 0.6, 0.4, 0.3, 0.2])
    counts[np.arange(T), np.arange(T)] = 5
    pooled = rng.random((X, F)) * noise
    pooled[:, :T] += counts / 10
    pooled[:, -1] += 2
    arrays = {
        "pooled": pooled.astype(np.float32),
        "counts": sparse.csr_array(counts),
        "n_captions": np.full(X, 10),
        "prior": prior(sparse.csr_array(counts)),
        "true_c": rng.integers(0, C, X),
        "nouns": np.array(["head", "head", "bill", "wing", "wing"]),
        "adjectives": np.array(["red", "black", "red", "black", "white"]),
        "class_weights": rng.uniform(0.5, 1.5, (C, F)).astype(np.float32),
    }
    return Inputs(**(arrays | changes))


def test_literal_agrees_with_a_slow_loop_written_from_the_paper():
    inputs = planted_inputs()
    counts = inputs.counts.toarray()
    p_f_given_t = np.zeros((T, F))
    for t in range(T):
        for x in range(X):
            if counts[x, t] > 0:
                total = sum(inputs.pooled[x])
                for f in range(F):
                    p_f_given_t[t, f] += inputs.pooled[x, f] / total
        p_f_given_t[t] /= sum(p_f_given_t[t])
    expected = np.zeros((F, T))
    for f in range(F):
        for t in range(T):
            expected[f, t] = p_f_given_t[t, f] * inputs.prior[t]
        expected[f] /= sum(expected[f])
    np.testing.assert_allclose(estimate("literal", inputs).p_t_given_f, expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("reading", "likelihood", "tf"),
    [
        ("sum over images, mean TF (or mean over images, summed TF)", "sum", "mean"),
        ("sum over images, mean TF (or mean over images, summed TF)", "mean", "sum"),
        ("sum over images, summed TF", "sum", "sum"),
        ("mean over images, mean TF", "mean", "mean"),
    ],
)
def test_a_reading_of_the_paper_agrees_with_a_slow_loop(reading, likelihood, tf):
    inputs = planted_inputs()
    counts, p = inputs.counts.toarray(), np.zeros((F, T))
    for t in range(T):
        xs_of_t = [x for x in range(X) if counts[x, t] > 0]
        n_t = len(xs_of_t)
        p_f = sum(inputs.pooled[x] / inputs.pooled[x].sum() for x in xs_of_t)
        tf_idf = counts[:, t].sum() * np.log(X / n_t)
        p[:, t] = p_f / (n_t if likelihood == "mean" else 1)
        p[:, t] *= tf_idf / (n_t if tf == "mean" else 1)
    p /= p.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(p_by_reading(inputs, reading), p, rtol=1e-4)


def test_the_estimator_is_the_default_reading():
    inputs = planted_inputs()
    by_default_reading = p_by_reading(inputs, DEFAULT_READING)
    np.testing.assert_array_equal(estimate("literal", inputs).p_t_given_f, by_default_reading)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_returns_distributions_and_finite_evidence(name):
    result = estimate(name, planted_inputs())
    assert result.p_t_given_f.shape == result.evidence.shape == (F, T)
    assert result.evidence_bias.shape == (T,)
    assert (result.p_t_given_f >= 0).all()
    np.testing.assert_allclose(result.p_t_given_f.sum(axis=1), 1, atol=1e-5)
    assert np.isfinite(result.evidence).all()
    assert np.isfinite(result.evidence_bias).all()
    assert {a.dtype for a in vars(result).values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", ESTIMATORS.keys() - {"literal"})
def test_joint_estimators_name_the_planted_filters(name):
    result = estimate(name, planted_inputs(noise=0.1))
    assert result.p_t_given_f[:T].argmax(axis=1).tolist() == list(range(T))


def test_literal_is_ruled_by_how_common_an_attribute_is():
    tops = estimate("literal", planted_inputs(noise=2.0)).p_t_given_f[:T].argmax(axis=1)
    assert len(set(tops)) < T


def test_the_tilt_lies_between_probability_and_lift():
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], np.float32)
    share = np.array([0.8, 0.2, 0.0], np.float32)
    np.testing.assert_allclose(tilted(p, share, 0)[:, :2], [[7 / 9, 2 / 9], [1 / 9, 8 / 9]], 1e-5)
    half = tilted(p, share, 0.5)
    for f in range(2):
        expected = [p[f, t] / share[t] ** 0.5 for t in range(2)]
        np.testing.assert_allclose(half[f], [*np.divide(expected, sum(expected)), 0], rtol=1e-5)


def test_the_tilt_lets_fewer_filters_say_what_everyone_says():
    inputs = planted_inputs(noise=2.0)
    plain, share = most_likely(inputs)
    common = share.argmax()
    with_tilt = estimate("mixture", inputs).p_t_given_f
    assert (with_tilt[:, common] < plain[:, common]).all()


def test_ridge_scores_predict_the_share_of_captions():
    inputs = planted_inputs(noise=0.1)
    result = estimate("ridge", inputs)
    score = inputs.pooled @ result.evidence + result.evidence_bias
    share = inputs.counts.toarray() / 10
    np.testing.assert_allclose(score.mean(axis=0), share.mean(axis=0), atol=1e-4)
    for t in range(T):
        assert np.corrcoef(score[:, t], share[:, t])[0, 1] > 0.9


@pytest.mark.parametrize("name", ESTIMATORS)
def test_dead_filters_and_unnamed_attributes_do_no_harm(name):
    inputs = planted_inputs()
    pooled = inputs.pooled.copy()
    pooled[:, 2] = 0
    counts = inputs.counts.toarray()
    counts[:, 3] = 0
    changed = planted_inputs(pooled=pooled, counts=sparse.csr_array(counts))
    result = estimate(name, changed)
    assert np.isfinite(result.p_t_given_f).all()
    assert np.isfinite(result.evidence).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prior": np.full(T + 1, 1 / (T + 1))}, "counts should have shape"),
        ({"true_c": np.zeros(X - 1, int)}, "true_c should have shape"),
        ({"n_captions": np.zeros(X, int)}, "without captions is unknown"),
        ({"counts": sparse.csr_array((X, T), dtype=int)}, "nothing to estimate"),
    ],
)
def test_bad_inputs_get_one_line_that_says_what_to_do(changes, message):
    with pytest.raises(DataError, match=message):
        planted_inputs(**changes)


def test_an_unknown_estimator_is_refused_with_the_known_names():
    with pytest.raises(DataError, match="choose from encoding, literal, mixture, places, ridge"):
        estimate("oracle", planted_inputs())


def test_the_default_is_registered_and_names_are_unique():
    assert estimators.DEFAULT_ESTIMATOR in ESTIMATORS
    with pytest.raises(ValueError, match="already"):
        estimators.register_estimator("literal")(estimators.literal)
