"""How a repair is judged on images kept aside."""

import numpy as np
import pytest

from core.repair.preview import halves, head_of, is_right, judged, preview, without_filters
from core.repair.recipe import Recipe


def test_images_to_choose_by_and_to_judge_by_share_nothing(faulty):
    choose, judge = halves(faulty)
    assert not set(choose) & set(judge)
    assert set(choose) | set(judge) == set(np.flatnonzero(~faulty.images["is_train"]))
    assert abs(len(choose) - len(judge)) <= 1


def test_no_change_fixes_and_breaks_nothing(faulty):
    same = judged(faulty, head_of(faulty), halves(faulty)[1], np.nan)
    assert (same.n_fixed, same.n_broken, same.p_value, same.difference.value) == (0, 0, 1, 0)


def test_a_preview_counts_what_it_fixes_and_breaks_on_images_kept_aside(faulty):
    result = preview(faulty, Recipe(drop_suspects=True))
    _, judge = halves(faulty)
    before, after = (is_right(faulty, head, judge) for head in (head_of(faulty), result.head))
    assert result.n_fixed == (after & ~before).sum()
    assert result.n_broken == (before & ~after).sum()
    assert set(result.fixed) <= set(judge)
    assert result.accuracy.value == pytest.approx(100 * after.mean())


def test_removed_filters_add_nothing(faulty):
    scale = np.ones(faulty.sizes["F"])
    scale[0] = 0
    head = without_filters(faulty, scale).head
    assert (head.weights[:, 0] == 0).all()
    np.testing.assert_array_equal(head.weights[:, 1:], head_of(faulty).weights[:, 1:])
