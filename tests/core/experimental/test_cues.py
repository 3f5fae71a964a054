"""Spurious cues as directions that failures show."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.errors import DataError
from fieldmarks.core.experimental.cue_repair import (
    N_DIRECTIONS,
    Cues,
    check_failures,
    cued_failures,
    preview_without_cues,
    removal_of_cues,
)
from fieldmarks.core.head import Head
from fieldmarks.core.repair.preview import halves, head_of, is_right
from fieldmarks.core.repair.recipe import Recipe, fit_set
from tests.support.faulty_run import MISLED

CUE = 3  #: the filter that the place of class 0 activates


@pytest.fixture
def cues(faulty) -> Cues:
    return Cues.of(faulty, np.array(MISLED), np.ones(faulty.sizes["F"]))


def verdicts(faulty, patterns: dict[int, str], is_reviewed: bool = True) -> pd.DataFrame:
    paths = faulty.images["path"].to_numpy()[list(patterns)]
    table = {"pattern": list(patterns.values()), "is_reviewed": is_reviewed}
    return pd.DataFrame(table, index=paths)


def test_failures_by_a_cue_are_those_of_the_diagnosis(faulty):
    assert cued_failures(faulty, np.arange(faulty.sizes["X"])).tolist() == list(MISLED)
    assert cued_failures(faulty, np.array([0, 51, 61])).tolist() == [51]


def test_a_reviewer_is_believed_before_the_diagnosis(faulty):
    every = np.arange(faulty.sizes["X"])
    other = int(np.setdiff1d(faulty.failures, MISLED)[0])
    said = verdicts(faulty, {51: "image quality", other: Pattern.SPURIOUS_CUE, 0: "spurious cue"})
    assert set(cued_failures(faulty, every, said)) == {53, 55, other}
    unfinished = said.assign(is_reviewed=False)
    assert cued_failures(faulty, every, unfinished).tolist() == list(MISLED)
    undecided = verdicts(faulty, {51: ""})
    assert cued_failures(faulty, every, undecided).tolist() == list(MISLED)


def test_too_few_failures_are_said_in_one_line(faulty):
    with pytest.raises(DataError, match="of the validation half 1 of run 'faulty' is diagnosed"):
        check_failures(faulty, np.array([51]))
    check_failures(faulty, np.array([51, 53]))


def test_the_first_direction_is_the_filter_of_the_cue(cues):
    assert 1 <= len(cues.directions) <= N_DIRECTIONS
    np.testing.assert_allclose(cues.directions @ cues.directions.T, np.eye(len(cues.directions)),
                               atol=1e-9)  # fmt: skip
    assert np.abs(cues.directions[0]).argmax() == CUE


def test_nothing_is_left_in_the_directions_and_all_else_stays(faulty, cues):
    unit = np.linspace(0.5, 2, faulty.sizes["F"])
    cues = replace(cues, unit=unit)
    pooled = np.asarray(faulty.array("pooled")[:20], float)
    left = cues.without(pooled)
    np.testing.assert_allclose((left / unit) @ cues.directions.T, 0, atol=1e-9)
    np.testing.assert_allclose(cues.without(left), left)
    across = np.linalg.svd(cues.directions)[2][len(cues.directions) :]
    np.testing.assert_allclose((left / unit) @ across.T, (pooled / unit) @ across.T)


def test_a_blind_head_gives_the_scores_of_activations_without_cues(faulty, cues):
    rng = np.random.default_rng(0)
    cues = replace(cues, unit=np.linspace(0.5, 2, faulty.sizes["F"]))
    head = Head.linear(rng.normal(size=(3, faulty.sizes["F"])), rng.normal(size=3))
    pooled = np.asarray(faulty.array("pooled")[:20], float)
    expected = head.logits(cues.without(pooled))
    np.testing.assert_allclose(cues.blind(head).logits(pooled), expected)


def test_without_failures_nothing_is_removed(faulty):
    none = Cues.of(faulty, np.array([], int), np.ones(faulty.sizes["F"]))
    pooled = np.asarray(faulty.array("pooled")[:5], float)
    np.testing.assert_array_equal(none.without(pooled), pooled)
    fitted = fit_set(faulty, Recipe())
    same = none.fit_set(faulty, fitted, np.ones(faulty.sizes["F"]))
    np.testing.assert_array_equal(same.labels, fitted.labels)


def test_failures_join_the_fit_with_their_labels(faulty, cues):
    fitted = fit_set(faulty, Recipe())
    joined = cues.fit_set(faulty, fitted, np.ones(faulty.sizes["F"]))
    assert len(joined.labels) == len(fitted.labels) + len(MISLED)
    assert joined.labels[-3:].tolist() == [1, 1, 1]
    assert (joined.sample_weight[-3:] > 1).all()


def test_failures_join_images_with_other_backgrounds(faulty, cues):
    fitted = fit_set(faulty, Recipe(ignore_background=True))
    joined = cues.fit_set(faulty, fitted, np.ones(faulty.sizes["F"]))
    n = len(fitted.labels)
    np.testing.assert_allclose(
        joined.activations()[:n], cues.without(fitted.activations()), atol=1e-5
    )
    alone = cues.without(np.asarray(faulty.array("pooled")[list(MISLED)], float))
    np.testing.assert_allclose(joined.activations()[n:], alone, atol=1e-5)


def split(faulty) -> tuple[np.ndarray, np.ndarray]:
    """Return validation images with two misled ones, and held-out images with one."""
    choose, judge = halves(faulty)
    moved = list(MISLED[:2])
    choose = np.union1d(np.setdiff1d(choose, MISLED), moved)
    return choose, np.setdiff1d(np.union1d(judge, MISLED), choose)


def test_a_failure_that_took_part_in_nothing_is_repaired(faulty):
    choose, judge = split(faulty)
    assert not is_right(faulty, head_of(faulty), np.array([55]))
    result = preview_without_cues(faulty, Recipe(), split=(choose, judge))
    assert 55 in result.fixed
    assert result.n_broken == 0


def test_the_half_to_judge_by_takes_part_in_nothing(faulty):
    choose, judge = split(faulty)
    whole = preview_without_cues(faulty, Recipe(), split=(choose, judge))
    fewer = preview_without_cues(faulty, Recipe(), split=(choose, judge[:4]))
    np.testing.assert_array_equal(whole.head.weights, fewer.head.weights)


def test_the_filter_that_changes_most_with_a_cue_is_removed(faulty):
    first = halves(faulty)[1], halves(faulty)[0]
    removed = [removal_of_cues(faulty, split=each) for each in (first, first[::-1])]
    assert any((each.head.weights[:, CUE] == 0).all() for each in removed)


def test_the_share_of_the_work_that_is_done_grows(faulty):
    told = []
    preview_without_cues(faulty, Recipe(), split=split(faulty), progress=told.append)
    assert told == sorted(told)
    assert 0 <= told[0] <= told[-1] < 1
