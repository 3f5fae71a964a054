import numpy as np
import pytest

from fieldmarks.core import probability
from fieldmarks.core.explanations.attribute_ranking import top_attributes
from fieldmarks.core.explanations.explanation import describe, explain
from fieldmarks.core.run.contract import N_EXPLAIN


def test_an_explanation_holds_the_most_probable_attributes_of_its_class(run):
    explanation = explain(run, x=3, c=2)
    p = probability.p_t_given_xc(
        run.array("pooled")[3], run.array("class_weights")[2], run.array("p_t_given_f")
    )
    np.testing.assert_allclose(explanation.p, p, rtol=1e-5)
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
