"""Lists of images, failures first, against slow loops over one small run."""

import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.search import image_selection
from fieldmarks.core.search.image_selection import Criteria


def sentence(run, x, side="predicted", within=N_EXPLAIN):
    return run.array(f"top_t_{side}")[x, :within].tolist()


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
