"""Two runs compared: what is joined, counted and refused."""

import shutil
from math import comb

import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.comparison.comparison import (
    Outcome,
    change,
    class_changes,
    compare,
    confusion_difference,
    mcnemar,
    settled,
)
from fieldmarks.core.errors import DataError
from fieldmarks.core.run.reading import read_run


def test_images_are_joined_by_path_and_classes_by_number(run, second, comparison):
    for x, y in zip(comparison.xs_first, comparison.xs_second, strict=True):
        assert run.images["path"][x] == second.images["path"][y]
        assert not run.images["is_train"][x]
    names = run.classes["name"], second.classes["name"]
    assert [names[1][c] for c in comparison.second_c] == list(names[0])


def test_the_outcome_of_each_image_is_what_a_slow_loop_finds(run, second, comparison):
    for i, outcome in enumerate(comparison.outcome):
        x, y = comparison.xs_first[i], comparison.xs_second[i]
        before, after = run.images.iloc[x], second.images.iloc[y]
        label = second.classes["name"][after["true_c"]]
        was_right = run.classes["name"][before["predicted_c"]] == label
        is_right = second.classes["name"][after["predicted_c"]] == label
        expected = {
            (True, True): "both right",
            (True, False): "broken",
            (False, True): "fixed",
            (False, False): "both wrong",
        }
        assert outcome == expected[was_right, is_right]
    assert min(comparison.count(Outcome.FIXED), comparison.count(Outcome.BROKEN)) > 0


def test_a_run_compared_with_itself_has_not_changed(run):
    same = change(compare(run, run))
    assert same.accuracy_first == same.accuracy_second
    assert (same.difference.value, same.difference.low, same.difference.high) == (0, 0, 0)
    assert (same.p_value, same.churn) == (1, 0)


def test_the_difference_is_paired_and_its_interval_holds_it(comparison):
    whole = change(comparison)
    fixed, broken = comparison.count(Outcome.FIXED), comparison.count(Outcome.BROKEN)
    assert whole.difference.value == pytest.approx((fixed - broken) / len(comparison.true_c))
    assert whole.difference.low <= whole.difference.value <= whole.difference.high
    assert whole.accuracy_second - whole.accuracy_first == pytest.approx(whole.difference.value)


@pytest.mark.parametrize(("fixed", "broken"), [(0, 0), (3, 0), (4, 1), (2, 7), (6, 6)])
def test_mcnemar_is_the_exact_binomial_test(fixed, broken):
    n, k = fixed + broken, min(fixed, broken)
    tail = sum(comb(n, i) for i in range(k + 1)) / 2**n
    assert mcnemar(fixed, broken) == pytest.approx(min(1, 2 * tail))


def test_class_changes_and_the_confusion_difference_agree(comparison):
    table = class_changes(comparison).set_index("c").sort_index()
    difference = confusion_difference(comparison)
    np.testing.assert_array_equal(np.diag(difference), table["difference"])
    assert (difference.sum(axis=1) == 0).all(), "each true class has as many images in both"


def test_verdicts_on_failures_that_are_gone_are_counted(run, comparison):
    fixed = comparison.xs_first[comparison.outcome == Outcome.FIXED][:1]
    left = comparison.xs_first[comparison.outcome == Outcome.BOTH_WRONG][:2]
    right = comparison.xs_first[comparison.outcome == Outcome.BOTH_RIGHT][:1]
    paths = pd.Index(run.images["path"].iloc[np.concatenate([fixed, left, right])])
    assert settled(comparison, paths) == (1 + len(left), 1)


def other_names(images, classes):
    return images.assign(path="other/" + images["path"]), classes


def other_classes(images, classes):
    return images, classes.assign(class_id=classes["class_id"] + 1)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (other_names, "the same test images: 0 are in both, 20 only in 'synthetic', 20 only in"),
        (other_classes, "the same classes: 4 are in both, 1 only in 'synthetic', 1 only in"),
    ],
)
def test_runs_over_other_sets_are_refused_with_counts(run, tmp_path, spoil, message):
    folder = tmp_path / "other"
    shutil.copytree(run.folder, folder)
    images, classes = spoil(run.images, run.classes)
    images.to_parquet(folder / "tables" / "images.parquet")
    classes.to_parquet(folder / "tables" / "classes.parquet")
    with pytest.raises(DataError, match=message):
        compare(run, read_run(folder))
