"""Search, lists of failures and filter contributions against slow loops over one small run."""

import numpy as np
import pandas as pd
import pytest

from core.explanations.contributions import (
    class_filter_contributions,
    filter_contributions,
    top_classes,
)
from core.runs.contract import N_EXPLAIN
from core.search import image_selection
from core.search.image_selection import Criteria
from core.search.query import Query, Term
from core.search.search import AGREES, NOT_NAMED, UNKNOWN, caption_agreement, search


def sentence(run, x, side="predicted", within=N_EXPLAIN):
    return run.array(f"top_t_{side}")[x, :within].tolist()


def slow_search(run, query, within=N_EXPLAIN):
    found = {}
    for x, row in run.images.iterrows():
        held = sentence(run, x, within=within)
        if (
            row["is_train"]
            or any(t not in held for t in query.wanted)
            or any(t in held for t in query.unwanted)
            or (query.true is not None and row["true_c"] != query.true)
            or (query.predicted is not None and row["predicted_c"] != query.predicted)
            or (query.is_right not in (None, row["true_c"] == row["predicted_c"]))
        ):
            continue
        p = [run.array("top_p_predicted")[x, held.index(t)] for t in query.wanted]
        found[x] = np.prod(p, dtype=float) ** (1 / len(p)) if p else row["confidence"]
    return found


@pytest.mark.parametrize("within", [N_EXPLAIN, 12])
@pytest.mark.parametrize("case", range(6))
def test_search_agrees_with_a_slow_loop(run, case, within):
    first, second, third = sentence(run, 1)[:3]
    wanted, unwanted = Term(first, False, ""), Term(second, True, "")
    query = [
        Query([wanted]),
        Query([wanted, unwanted]),
        Query([wanted, Term(third, False, "")]),
        Query([unwanted], is_right=False),
        Query(true=1, is_right=True),
        Query([wanted], predicted=int(run.images["predicted_c"].iloc[1])),
    ][case]
    expected = slow_search(run, query, within)
    found = search(run, query, within)
    assert dict(zip(found.xs.tolist(), found.scores, strict=True)) == pytest.approx(expected)
    assert np.all(np.diff(found.scores) <= 0)


def test_captions_say_what_was_counted(run):
    counts = run.counts.toarray()
    for x in range(run.sizes["X"]):
        for t in range(run.sizes["T"]):
            known = run.images["n_captions"].iloc[x] > 0
            expected = UNKNOWN if not known else AGREES if counts[x, t] else NOT_NAMED
            assert caption_agreement(run, x, t) == expected


@pytest.mark.parametrize(
    "criteria",
    [
        Criteria(),
        Criteria("right"),
        Criteria("all", order="least confident"),
        Criteria(true=1),
        Criteria("all", predicted=2, confidence=(0.2, 0.9)),
        Criteria(t=3, order="by true class"),
    ],
)
def test_a_list_of_images_agrees_with_a_slow_loop(run, criteria):
    expected = set()
    for x, row in run.images.iterrows():
        is_right = row["true_c"] == row["predicted_c"]
        low, high = criteria.confidence
        if (
            not row["is_train"]
            and (criteria.show == "all" or is_right == (criteria.show == "right"))
            and criteria.true in (None, row["true_c"])
            and criteria.predicted in (None, row["predicted_c"])
            and low <= row["confidence"] <= high
            and (
                criteria.t is None
                or criteria.t in sentence(run, x)
                or criteria.t in sentence(run, x, "true")
            )
        ):
            expected.add(x)
    xs = image_selection.select_images(run, criteria)
    assert set(xs.tolist()) == expected
    column, falls = image_selection.ORDERS[criteria.order]
    values = run.images[column].to_numpy()[xs]
    assert np.all(np.diff(-values if falls else values) >= 0)


def test_only_images_of_a_given_set_are_kept(run):
    xs = image_selection.select_images(run, Criteria("all"))
    assert set(image_selection.select_images(run, Criteria("all"), among=xs[:3]).tolist()) == set(
        xs[:3].tolist()
    )


def test_confusion_pairs_count_every_failure_once(run):
    pairs = image_selection.confusion_pairs(run)
    assert pairs["n"].sum() == len(image_selection.select_images(run, Criteria()))
    assert np.all(np.diff(pairs["n"]) <= 0)
    for true, predicted, n, share in pairs.itertuples(index=False):
        assert true != predicted
        assert (
            len(image_selection.select_images(run, Criteria(true=true, predicted=predicted))) == n
        )
        assert share == pytest.approx(n / run.classes["n_test"].iloc[true])


def test_the_suggested_failures_failures_are_wrong_and_of_different_pairs(run):
    xs = image_selection.suggested_failures(run)
    rows = run.images.iloc[xs]
    assert 0 < len(xs) <= 3
    assert (rows["true_c"] != rows["predicted_c"]).all()
    assert not rows.duplicated(["true_c", "predicted_c"]).any()


def test_a_pattern_comes_again_only_after_each_other_one(run, monkeypatch):
    first, second, third = image_selection.suggested_failures(
        run
    )  # a run without diagnoses: by score alone
    pattern = np.full(run.sizes["X"], "wrong label", object)
    pattern[third] = "image quality"
    tables = {"diagnoses": pd.DataFrame({"pattern": pattern}), "images": run.images}
    monkeypatch.setattr(type(run), "table", lambda _, name: tables[name])
    assert image_selection.suggested_failures(run).tolist() == [first, third, second]


def test_disagreement_is_the_share_of_the_sentence_that_changes(run):
    xs = np.arange(run.sizes["X"])
    expected = [len(set(sentence(run, x)) - set(sentence(run, x, "true"))) / N_EXPLAIN for x in xs]
    np.testing.assert_allclose(image_selection.disagreement(run, xs), expected)


def test_shares_of_a_word_and_of_a_logit_sum_to_one(run):
    x, F = 3, run.sizes["F"]
    c = int(run.images["predicted_c"].iloc[x])
    weights, pooled = run.array("class_weights")[c], run.array("pooled")[x]
    found = filter_contributions(run, x, c, t=2, n=F)
    assert found.attribute_share.sum() == pytest.approx(1)
    assert np.all(np.diff(found.attribute_share) <= 0)
    for f, share in zip(found.fs, found.logit_share, strict=True):
        expected = pooled[f] * weights[f] / (run.array("logits")[x, c] - run.array("class_bias")[c])
        assert share == pytest.approx(expected, rel=1e-3)
        assert weights[f] > 0


def test_carriers_of_a_class_description_share_its_probability(run):
    fs, shares = class_filter_contributions(run, c=1, t=2, n=run.sizes["F"])
    assert shares.sum() == pytest.approx(1)
    assert np.all(run.array("class_weights")[1][fs] > 0)


def test_classes_that_lean_on_a_filter_have_falling_positive_weights(run):
    weights = run.array("class_weights")[:, 4]
    cs = top_classes(run, 4)
    assert len(cs) == (weights > 0).sum()
    assert np.all(np.diff(weights[cs]) <= 0)
