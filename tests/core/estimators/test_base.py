"""What every estimator is given and gives, and the registry of estimators."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from fieldmarks.core import estimators
from fieldmarks.core.errors import DataError
from fieldmarks.core.estimators import ESTIMATORS, estimate, words
from fieldmarks.core.estimators.base import caption_fraction, estimator_version
from tests.support.planted import planted_world
from tests.support.planted_inputs import F, T, X, planted_inputs


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_returns_distributions_and_finite_evidence(name):
    result = estimate(name, planted_inputs())
    assert result.p_t_given_f.shape == result.evidence.shape == (F, T)
    assert result.evidence_bias.shape == (T,)
    assert (result.p_t_given_f >= 0).all()
    np.testing.assert_allclose(result.p_t_given_f.sum(axis=1), 1, atol=1e-5)
    assert np.isfinite(result.evidence).all()
    assert np.isfinite(result.evidence_bias).all()
    arrays = [result.p_t_given_f, result.evidence, result.evidence_bias]
    if result.sentence is not None:
        assert result.sentence.weights.shape == (F, T)
        assert result.sentence.parts.shape == (3, T)
        arrays += [result.sentence.weights, result.sentence.parts]
    assert all(np.isfinite(a).all() and a.dtype == np.float32 for a in arrays)


@pytest.mark.parametrize("name", sorted(ESTIMATORS.keys() - {"literal"}))
def test_joint_estimators_name_the_planted_filters(name):
    result = estimate(name, planted_inputs(noise=0.1))
    assert result.p_t_given_f[:T].argmax(axis=1).tolist() == list(range(T))


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
    known = "choose from encoding, literal, mixture, places, ridge; experimental: keypoints"
    with pytest.raises(DataError, match=known):
        estimate("oracle", planted_inputs())


def test_the_default_is_registered_and_names_are_unique():
    assert estimators.DEFAULT_ESTIMATOR in ESTIMATORS
    with pytest.raises(ValueError, match="already"):
        estimators.register_estimator("literal")(estimators.literal)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_words_alone_are_the_words_of_the_whole_estimate(name):
    inputs = planted_inputs()
    np.testing.assert_array_equal(words(name, inputs), estimate(name, inputs).p_t_given_f)
    assert estimator_version(name) >= 1


def test_the_share_of_captions_agrees_with_a_slow_loop():
    inputs = planted_inputs(n_captions=np.arange(X) % 10 + 8)
    share, counts = caption_fraction(inputs, slice(5, 20)).toarray(), inputs.counts.toarray()
    for i, x in enumerate(range(5, 20)):
        for t in range(T):
            assert share[i, t] == pytest.approx(counts[x, t] / inputs.n_captions[x])


def test_the_mean_is_that_of_all_images():
    inputs = planted_inputs()
    np.testing.assert_allclose(inputs.mean(), inputs.pooled.mean(axis=0), rtol=1e-5)


def test_inputs_of_some_images_hold_their_rows_and_maps():
    inputs, maps, _ = planted_world()
    use = np.arange(len(maps)) % 3 == 0
    some = inputs.of_images(use)
    np.testing.assert_array_equal(some.activations(slice(None)), inputs.pooled[use])
    np.testing.assert_array_equal(some.counts.toarray(), inputs.counts.toarray()[use])
    np.testing.assert_array_equal(some.true_c, inputs.true_c[use])
    rows, values = zip(*some.batches(), strict=True)
    assert np.concatenate(rows).tolist() == list(range(use.sum()))
    np.testing.assert_array_equal(np.concatenate(values), maps[use])


def test_inputs_of_some_attributes_are_as_if_no_others_had_been_named():
    inputs, ts = planted_inputs(), np.array([3, 1])
    some = inputs.of_attributes(ts)
    np.testing.assert_array_equal(some.counts.toarray(), inputs.counts.toarray()[:, ts])
    np.testing.assert_allclose(some.prior, inputs.prior[ts] / inputs.prior[ts].sum(), rtol=1e-6)
    assert some.nouns.tolist() == ["wing", "head"]
    assert some.adjectives.tolist() == ["black", "black"]


def test_an_estimator_that_needs_maps_says_how_to_keep_them():
    with pytest.raises(DataError, match="--maps all"):
        replace(planted_inputs(), maps=None).batches()
