"""How a repair is judged on images held out."""

import numpy as np
import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.core.repair.preview import halves, head_of, is_right, judged, preview, removal
from fieldmarks.core.repair.recipe import Labels, Recipe


def test_images_to_choose_by_and_to_judge_by_share_nothing(faulty):
    choose, judge = halves(faulty)
    assert not set(choose) & set(judge)
    assert set(choose) | set(judge) == set(np.flatnonzero(~faulty.images["is_train"]))
    assert abs(len(choose) - len(judge)) <= 1


def test_no_change_fixes_and_breaks_nothing(faulty):
    same = judged(faulty, head_of(faulty), halves(faulty)[1], np.nan)
    assert (same.n_fixed, same.n_broken, same.p_value, same.difference.value) == (0, 0, 1, 0)


def test_a_preview_counts_what_it_fixes_and_breaks_on_images_kept_aside(faulty):
    result = preview(faulty, Recipe(labels=Labels.DROP))
    _, judge = halves(faulty)
    before, after = (is_right(faulty, head, judge) for head in (head_of(faulty), result.head))
    assert result.n_fixed == (after & ~before).sum()
    assert result.n_broken == (before & ~after).sum()
    assert set(result.fixed) <= set(judge)
    assert result.accuracy.value == pytest.approx(100 * after.mean())
    confidence = faulty.images["confidence"].to_numpy()[result.broken]
    assert (np.diff(confidence) <= 0).all()


def test_the_share_of_the_work_that_is_done_grows(faulty):
    told = []
    preview(faulty, Recipe(), progress=told.append)
    assert told == sorted(told)
    assert 0 <= told[0] <= told[-1] < 1


def test_removed_filters_add_nothing(faulty):
    removed = removal(faulty, Recipe(off_filters=(0,)))
    refitted = preview(faulty, Recipe(off_filters=(0,)))
    assert (removed.head.weights[:, 0] == 0).all()
    assert (refitted.head.weights[:, 0] == 0).all()
    np.testing.assert_array_equal(removed.head.weights[:, 1:], head_of(faulty).weights[:, 1:])
    assert not np.allclose(refitted.head.weights[:, 1:], head_of(faulty).weights[:, 1:])


def test_removal_is_of_the_attributes_that_the_recipe_is_about(faulty):
    removed = removal(faulty, Recipe(balanced_attributes=(2,)))
    scale = 1 - np.asarray(faulty.array("p_t_given_f"))[:, 2]
    expected = head_of(faulty).weights * scale
    np.testing.assert_allclose(removed.head.weights, expected, rtol=1e-5)
    assert removal(faulty, Recipe(labels=Labels.DROP)) is None


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ({"kind": "cosine", "eps": 0.0, "is_split": False}, "at length 1"),
        ({"kind": "linear", "eps": 0.0, "is_split": True}, "split by sign"),
    ],
)
def test_a_head_that_is_not_linear_is_refused(faulty, head, message):
    other = faulty.changed(manifest={**faulty.manifest, "head": head})
    with pytest.raises(DataError, match=message):
        preview(other, Recipe())
