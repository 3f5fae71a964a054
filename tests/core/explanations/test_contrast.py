"""Why one class and not another: attributes that separate two classes."""

import numpy as np
import pytest

from fieldmarks.core.explanations.contrast import contrast
from fieldmarks.core.explanations.explanation import describe, explain


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
