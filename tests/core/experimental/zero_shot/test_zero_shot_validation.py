"""Choosing a classifier of unseen classes on seen classes alone."""

import numpy as np
import pytest

from fieldmarks.core.experimental.zero_shot.classifiers import ByWords
from fieldmarks.core.experimental.zero_shot.validation import (
    Scored,
    choose_classifier,
    folds_of,
    harmonic,
    judge,
)
from tests.support.planted import N_CLASSES, planted_world


@pytest.fixture(scope="module")
def world():
    return planted_world()[0]


def test_the_harmonic_mean_is_of_means_over_classes():
    is_unseen = np.array([False, False, True])
    true_c = np.array([0, 0, 0, 1, 2, 2])
    scores = np.eye(3)[[0, 0, 1, 1, 2, 0]]
    seen, unseen = ((2 / 3) + 1) / 2, 1 / 2
    expected = 2 * seen * unseen / (seen + unseen)
    assert harmonic(Scored(scores, true_c, is_unseen), 0.0) == pytest.approx(expected)


def test_an_offset_moves_answers_to_unseen_classes():
    judged = Scored(np.array([[0.9, 0.1, 0.5]]), np.array([2]), np.array([False, False, True]))
    assert judged.predicted(0.0).tolist() == [0]
    assert judged.predicted(0.5).tolist() == [2]


def test_validation_raises_handicapped_scores_of_unseen_classes(world):
    class Handicapped:
        def fit(self, inputs, descriptions, is_seen):
            scorer = ByWords("ridge").fit(inputs, descriptions, is_seen)
            return lambda pooled: scorer(pooled) - 3.0 * ~is_seen

    family = np.arange(N_CLASSES) % 9
    plain = choose_classifier([ByWords("ridge")], world, family, 4)
    handicapped = choose_classifier([Handicapped()], world, family, 4)
    assert handicapped.offset == pytest.approx(plain.offset + 3.0, abs=0.2)


def test_validation_takes_the_better_candidate(world):
    class Blind:
        def fit(self, inputs, descriptions, is_seen):
            return lambda pooled: np.zeros((len(pooled), len(is_seen)))

    better = ByWords("ridge")
    assert (
        choose_classifier([Blind(), better], world, np.arange(N_CLASSES) % 9, 4).classifier
        is better
    )


def test_families_are_left_out_together_and_once():
    group = np.repeat(np.arange(6), 3)
    drawn = list(folds_of(np.arange(18), group, 5, seed=0))
    assert [len(classes) for classes in drawn] == [6, 6, 6]
    assert sorted(np.concatenate(drawn)) == list(range(18))
    assert all(len(np.unique(group[classes])) == 2 for classes in drawn)


def test_a_class_without_a_description_is_never_an_answer():
    judged = judge(lambda p: np.ones((len(p), 2)), np.zeros((1, 3)), np.array([1]),
                   np.array([False, False]), np.array([False, True]))  # fmt: skip
    assert judged.predicted(0.0).tolist() == [1]
