"""Contributions of filters to an attribute and to a class score."""

import numpy as np
import pytest

from core.explanations.contributions import (
    class_filter_contributions,
    filter_contributions,
    top_classes,
)


def test_shares_of_a_word_and_of_a_logit_sum_to_one(run):
    x, F = 3, run.sizes["F"]
    c = int(run.images["predicted_c"].iloc[x])
    weights, pooled = run.array("class_weights")[c], run.array("pooled")[x]
    contributions = filter_contributions(run, x, c, t=2, n=F)
    assert contributions.attribute_share.sum() == pytest.approx(1)
    assert np.all(np.diff(contributions.attribute_share) <= 0)
    for f, share in zip(contributions.fs, contributions.logit_share, strict=True):
        expected = pooled[f] * weights[f] / (run.array("logits")[x, c] - run.array("class_bias")[c])
        assert share == pytest.approx(expected, rel=1e-3)
        assert weights[f] > 0


def test_contributions_to_a_class_description_share_its_probability(run):
    fs, shares = class_filter_contributions(run, c=1, t=2, n=run.sizes["F"])
    assert shares.sum() == pytest.approx(1)
    assert np.all(run.array("class_weights")[1][fs] > 0)


def test_the_largest_class_weights_of_a_filter_are_positive_and_descending(run):
    weights = run.array("class_weights")[:, 4]
    cs = top_classes(run, 4)
    assert len(cs) == (weights > 0).sum()
    assert np.all(np.diff(weights[cs]) <= 0)
