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


def test_figures_so_far_are_of_the_validation_half_and_end_at_the_chosen_head(faulty):
    told, recipe = [], Recipe(labels=Labels.DROP)
    result = preview(faulty, recipe, so_far=lambda before, now: told.append((before, now)))
    choose, _ = halves(faulty)
    heads = (head_of(faulty), result.head)
    before, after = (float(is_right(faulty, head, choose).mean()) for head in heads)
    assert len(told) == 4
    assert {each for each, _ in told} == {before}
    assert [now for _, now in told] == sorted(now for _, now in told)
    assert told[-1][1] == pytest.approx(after)
    same = preview(faulty, recipe)
    np.testing.assert_array_equal(same.head.weights, result.head.weights)


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


def test_without_a_refit_a_recipe_is_its_removal(faulty):
    recipe = Recipe(off_filters=(0,), off_attributes=(2,), is_refitted=False)
    after, removed = preview(faulty, recipe), removal(faulty, recipe)
    assert removed is not None
    np.testing.assert_array_equal(after.head.weights, removed.head.weights)
    assert np.isnan(after.penalty)
    assert after.n_broken == removed.n_broken


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(is_refitted=False),
        Recipe(off_filters=(0,), labels=Labels.DROP, is_refitted=False),
        Recipe(off_filters=(0,), balance_classes=True, is_refitted=False),
        Recipe(balanced_attributes=(0,), is_refitted=False),
    ],
)
def test_without_a_refit_nothing_but_a_removal_can_be_asked_for(faulty, recipe):
    with pytest.raises(DataError, match="without a refit"):
        preview(faulty, recipe)
