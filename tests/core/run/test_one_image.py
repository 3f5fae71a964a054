"""A new picture is explained by the same functions as an image of the run."""

import numpy as np
import pytest

from fieldmarks.core.errors import MissingRunError
from fieldmarks.core.explanations.contrast import contrast
from fieldmarks.core.explanations.contributions import filter_contributions
from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.explanations.grounding import class_maps, ground
from fieldmarks.core.run.one_image import one_image_run


@pytest.fixture(params=[0, 7, 23])
def pair(run, request):
    """An image x of the run, and the same activations as those of a new picture."""
    x = request.param
    arrays = (run.maps(x), run.array("pooled")[x], run.array("logits")[x])
    return run, x, one_image_run(run, *arrays)


def test_both_sentences_are_those_of_the_stored_image(pair):
    run, x, new = pair
    for c in (None, 0, 1, 2):
        stored, tried = explain(run, x, c), explain(new, 0, c)
        assert tried.spans == stored.spans
        assert tried.c == stored.c
        np.testing.assert_array_equal(tried.p, stored.p)


def test_the_contrast_is_that_of_the_stored_image(pair):
    run, x, new = pair
    stored = contrast(run, explain(run, x, 0), explain(run, x, 1))
    tried = contrast(new, explain(new, 0, 0), explain(new, 0, 1))
    assert tried.sentence == stored.sentence
    np.testing.assert_array_equal(tried.logit_part, stored.logit_part)


def test_heatmaps_and_contributions_are_those_of_the_stored_image(pair):
    run, x, new = pair
    np.testing.assert_array_equal(ground(new, 0, 3), ground(run, x, 3))
    np.testing.assert_array_equal(class_maps(new, 0, [0, 1]), class_maps(run, x, [0, 1]))
    stored, tried = (filter_contributions(r, i, 1, 2) for r, i in ((run, x), (new, 0)))
    np.testing.assert_array_equal(tried.fs, stored.fs)
    np.testing.assert_array_equal(tried.logit_share, stored.logit_share)


def test_the_prediction_is_the_softmax_of_the_scores(pair):
    run, x, new = pair
    assert new.images["predicted_c"].tolist() == [run.images["predicted_c"].iloc[x]]
    assert new.images["confidence"][0] == pytest.approx(run.images["confidence"].iloc[x], abs=1e-6)


@pytest.mark.parametrize("name", ["top_t_predicted", "canonical", "counts_indices", "parts"])
def test_what_is_of_the_images_of_the_run_is_not_there(pair, name):
    with pytest.raises(MissingRunError, match=f"has no {name}"):
        pair[2].array(name)


@pytest.mark.parametrize("name", ["diagnoses", "facts"])
def test_tables_of_the_images_of_the_run_are_not_there(pair, name):
    with pytest.raises(MissingRunError, match="a new image has none"):
        pair[2].table(name)


def test_the_run_is_not_changed(pair):
    run, _, new = pair
    explain(new, 0)
    assert len(run.images) == run.sizes["X"] > 1
    assert len(run.array("pooled")) == run.sizes["X"]
    assert new.source is run
