"""Contributions of filters to an attribute and to a class score."""

import numpy as np
import pytest

from fieldmarks.core.explanations.contributions import (
    class_filter_contributions,
    filter_contributions,
    filter_use,
    heatmap_contributions,
    lead_of_filters,
    top_classes,
    top_filters,
)
from fieldmarks.core.explanations.grounding import weighted_map


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


def test_the_filters_listed_for_a_word_are_those_of_its_heatmap_by_every_estimator(run):
    for estimator in run.estimators:
        evidence = run.array("evidence", estimator)
        for t in range(run.sizes["T"]):
            fs = top_filters(run, t, n=5, estimator=estimator)
            largest = sorted(range(len(evidence)), key=lambda f: -evidence[f, t])[:5]
            assert fs.tolist() == [f for f in largest if evidence[f, t] > 0]


def test_contributions_to_a_heatmap_are_parts_of_its_maximum(run):
    n_hot = 0
    for x, t in np.ndindex(6, run.sizes["T"]):
        cells = weighted_map(run.maps(x), run.array("evidence")[:, t])
        fs, shares = heatmap_contributions(run, x, t, n=run.sizes["F"])
        if cells.max() <= 0:
            assert len(fs) == 0
            continue
        n_hot += 1
        at = np.unravel_index(cells.argmax(), cells.shape)
        part = {f: run.array("evidence")[f, t] * float(run.maps(x)[f][at]) for f in fs}
        for f, share in zip(fs, shares, strict=True):
            assert share == pytest.approx(part[f] / cells.max(), rel=1e-2)
        assert list(part.values()) == sorted(part.values(), reverse=True)
    assert n_hot > 0


def test_the_parts_of_filters_in_a_lead_sum_to_the_difference_of_the_logits(run):
    bias = run.array("class_bias")
    for x in range(4):
        logits = run.array("logits")[x]
        fs, part = lead_of_filters(run, x, 1, 2, n=run.sizes["F"])
        assert part.sum() == pytest.approx(logits[1] - logits[2] - bias[1] + bias[2], rel=1e-4)
        assert np.all(np.diff(np.abs(part)) <= 0)
        few, _ = lead_of_filters(run, x, 1, 2, n=3)
        assert few.tolist() == fs[:3].tolist()


def test_the_use_of_filters_is_the_mean_contribution_to_predicted_classes(run):
    total = np.zeros(run.sizes["F"])
    for x in range(run.sizes["X"]):
        products = (
            run.array("pooled")[x] * run.array("class_weights")[run.images["predicted_c"].iloc[x]]
        )
        total += products.clip(0) / products.clip(0).sum()
    np.testing.assert_allclose(filter_use(run), total / run.sizes["X"], rtol=1e-4)
    assert filter_use(run).sum() == pytest.approx(1)
