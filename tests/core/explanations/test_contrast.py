"""Why one class and not another: attributes that separate two classes."""

import numpy as np
import pytest

from fieldmarks.core.experimental.lesson.separating_words import logit_rise
from fieldmarks.core.explanations.contrast import contrast, logit_difference
from fieldmarks.core.explanations.explanation import describe, explain
from fieldmarks.core.head import COSINE, FIRST_ORDER, LAYER_NORM
from tests.support.other_heads import write_run_of


def test_an_attribute_separates_where_logit_and_probability_agree(run):
    first, second = explain(run, 0, 0), explain(run, 0, 1)
    result = contrast(run, first, second)
    p_t_given_f, weights = run.array("p_t_given_f"), run.array("class_weights")
    for t in range(run.sizes["T"]):
        part = sum(
            float(run.array("pooled")[0, f]) * (weights[0, f] - weights[1, f]) * p_t_given_f[f, t]
            for f in range(run.sizes["F"])
        )
        assert result.logit_part[t] == pytest.approx(part, abs=1e-4)
    for sign, ts in ((1, result.for_first), (-1, result.for_second)):
        assert ts
        assert all(sign * result.logit_part[t] > 0 for t in ts)
        assert all(sign * (first.p[t] - second.p[t]) > 0 for t in ts)
    assert not {*result.for_first, *result.for_second} & set(result.both)


def test_the_parts_of_all_attributes_sum_to_the_difference_of_the_logits(run):
    logits, bias = run.array("logits")[0], run.array("class_bias")
    result = contrast(run, explain(run, 0, 0), explain(run, 0, 1))
    lead = (logits[0] - bias[0]) - (logits[1] - bias[1])
    assert result.logit_part.sum() == pytest.approx(lead, rel=1e-4)


def test_no_failure_is_without_a_difference_and_none_has_the_sign_against_it(run):
    images = run.images
    for x in np.flatnonzero(images["true_c"] != images["predicted_c"]):
        predicted, true = images["predicted_c"][x], images["true_c"][x]
        result = contrast(run, explain(run, x, predicted), explain(run, x, true))
        assert result.for_first, "the predicted class leads, so an attribute is evidence for it"
        assert (result.logit_part[result.for_first] > 0).all()
        assert (result.logit_part[result.for_second] < 0).all()


def test_a_contrast_reads_as_english(run):
    sentence = contrast(run, explain(run, 0, 0), explain(run, 0, 1)).sentence
    assert sentence.startswith("Class 0 rather than Class 1 because it has ")
    assert ", although it has " in sentence
    assert sentence.endswith(".")


def test_two_class_descriptions_are_compared_without_an_image(run):
    sentence = contrast(run, describe(run, 0), describe(run, 1)).sentence
    assert sentence.startswith("Class 0, more than Class 1, has ")
    assert "; Class 1, more than Class 0, has " in sentence


def test_equal_explanations_have_everything_in_common(run):
    explanation = explain(run, 0, 0)
    result = contrast(run, explanation, explanation)
    assert (result.for_first, result.for_second) == ([], [])
    assert result.sentence.startswith("Both have ")


@pytest.fixture(scope="module", params=[LAYER_NORM, COSINE, FIRST_ORDER])
def other(request, tmp_path_factory):
    """A run whose head is not linear."""
    return write_run_of(request.param, tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module", params=[LAYER_NORM, COSINE])
def exact(request, tmp_path_factory):
    """A run whose head is exact, though not linear; of first order, parts sum to an estimate."""
    return write_run_of(request.param, tmp_path_factory.mktemp("runs"))


def test_the_parts_of_an_exact_head_sum_to_the_difference_of_the_logits(exact):
    lead = np.asarray(exact.array("logits"), float) - exact.array("class_bias")
    for x, a, b in ((0, 0, 1), (7, 4, 2), (31, 3, 0)):
        parts = logit_difference(exact, explain(exact, x, a), explain(exact, x, b))
        assert parts.sum() == pytest.approx(lead[x, a] - lead[x, b], rel=1e-3, abs=1e-4)


def test_the_parts_of_any_head_are_those_of_the_weights_at_the_image(other):
    p_t_given_f = other.array("p_t_given_f")
    for x, a, b in ((0, 0, 1), (7, 4, 2), (31, 3, 0)):
        expected = np.zeros(other.sizes["T"])
        for f in range(other.sizes["F"]):
            weight = float(other.weights(x, a)[f]) - float(other.weights(x, b)[f])
            expected += float(other.array("pooled")[x, f]) * weight * p_t_given_f[f]
        parts = logit_difference(other, explain(other, x, a), explain(other, x, b))
        np.testing.assert_allclose(parts, expected, atol=1e-4)


def test_what_separates_agrees_in_sign_with_the_head_of_the_run(other):
    for x in range(0, 40, 3):
        result = contrast(other, explain(other, x, 0), explain(other, x, 1))
        pooled = np.asarray(other.array("pooled")[x], float)
        lead = pooled * (other.weights(x, 0).astype(float) - other.weights(x, 1))
        part = lead @ other.array("p_t_given_f")
        assert (part[result.for_first] > 0).all()
        assert (part[result.for_second] < 0).all()


def test_the_words_of_a_lesson_sum_to_the_rise_of_an_exact_head(exact):
    use, true_c = ~exact.is_test & exact.is_readable, exact.images["true_c"].to_numpy()
    lead = exact.array("logits")[:, 2].astype(float) - exact.array("logits")[:, 4]
    rise = lead[use & (true_c == 2)].mean() - lead[use & (true_c == 4)].mean()
    for_a, for_b = logit_rise(exact, 2, 4)
    assert (for_a + for_b).sum() == pytest.approx(rise, rel=1e-3, abs=1e-4)


def test_changed_pictures_of_an_exact_head_have_the_weights_of_their_own_activations(other):
    rng, cs = np.random.default_rng(0), np.array([0, 3, 4])
    pooled = np.abs(rng.normal(size=(3, other.sizes["F"])))
    parts = (pooled * other.weights_at(pooled, cs)).sum(axis=1)
    if other.head.is_exact:
        logits = other.head.logits(pooled)[np.arange(3), cs] - other.array("class_bias")[cs]
        np.testing.assert_allclose(parts, logits, rtol=1e-4)
    else:
        xs = np.array([1, 5, 9])
        made_from = other.weights_at(pooled, cs, xs)
        np.testing.assert_array_equal(made_from, other.weights(xs, cs))
