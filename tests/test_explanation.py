import numpy as np
import pytest

from core import probability
from core.explanations.attribute_ranking import top_attributes
from core.explanations.contrast import contrast
from core.explanations.explanation import describe, explain
from core.runs.contract import N_EXPLAIN
from core.search.search import rank


def test_an_explanation_holds_the_most_probable_attributes_of_its_class(run):
    explanation = explain(run, x=3, c=2)
    p = probability.p_t_given_xc(
        run.array("pooled")[3], run.array("class_weights")[2], run.array("p_t_given_f")
    )
    np.testing.assert_allclose(explanation.p, p)
    assert explanation.p.sum() == pytest.approx(1, abs=1e-5)
    top = top_attributes(p[None], run.attributes, N_EXPLAIN)[0]
    assert set(explanation.attributes) == set(top.tolist())


def test_a_sentence_begins_with_what_is_likelier_here_than_usual(run):
    explanation = explain(run, x=3, c=2)
    lift = explanation.p / run.array("p_t_given_f").mean(axis=0)
    assert explanation.attributes == sorted(explanation.attributes, key=lambda t: -lift[t])
    of_class = describe(run, 2)
    lift = of_class.p / run.array("p_t_given_f").mean(axis=0)
    assert of_class.attributes == sorted(of_class.attributes, key=lambda t: -lift[t])


def test_the_sentence_names_the_class_and_every_attribute(run):
    explanation = explain(run, x=0, c=1)
    assert explanation.sentence.startswith("This is a Class 1 because it has ")
    assert explanation.sentence.endswith(".")
    named = {span.t for span in explanation.spans if span.t is not None}
    assert named == set(explanation.attributes)


def test_an_image_can_be_explained_as_any_class(run):
    pictures = {explain(run, 0, c).sentence for c in range(run.sizes["C"])}
    assert len(pictures) == run.sizes["C"]


def test_a_class_is_described_without_an_image(run):
    description = describe(run, 4)
    assert description.sentence.startswith("A Class 4 has ")
    assert description.p.sum() == pytest.approx(1, abs=1e-5)


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
        assert result.for_first, "the predicted class leads, so something speaks for it"
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


def test_retrieval_ranks_the_images_whose_explanation_holds_the_attribute(run):
    predicted = run.images["predicted_c"]
    for t in range(run.sizes["T"]):
        expected = {}
        for x in range(run.sizes["X"]):
            explanation = explain(run, x, int(predicted.iloc[x]))
            if t in explanation.attributes:
                expected[x] = explanation.p[t]
        ranking = rank(run, t)
        assert set(ranking.xs) == set(expected)
        np.testing.assert_allclose(ranking.scores, [expected[x] for x in ranking.xs], rtol=1e-4)
        assert (np.diff(ranking.scores) <= 0).all()
