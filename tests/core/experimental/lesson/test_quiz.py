"""The quiz of a lesson: what is drawn, what counts as right, what an interval says."""

import numpy as np
import pytest

from fieldmarks.core.experimental.lesson.quiz import N_QUESTIONS, draw_quiz, read_answers, tally


def test_pictures_are_readable_test_images_of_the_two_classes(faulty):
    quiz = draw_quiz(faulty, 0, 1)
    true_c = faulty.images["true_c"].to_numpy()[quiz.xs]
    assert len(quiz.xs) == N_QUESTIONS == len(set(quiz.xs.tolist()))
    assert faulty.is_test[quiz.xs].all()
    assert faulty.is_readable[quiz.xs].all()
    assert set(true_c.tolist()) == {0, 1}
    np.testing.assert_array_equal(quiz.is_first, true_c == 0)


def test_a_seed_draws_the_same_quiz_and_another_seed_another(faulty):
    first, again, other = (draw_quiz(faulty, 0, 1, seed) for seed in (3, 3, 4))
    assert first.xs.tolist() == again.xs.tolist() != other.xs.tolist()


def test_the_network_answers_the_same_question(faulty):
    quiz = draw_quiz(faulty, 1, 2, n=99)
    logits = faulty.array("logits")
    for x, says_first in zip(quiz.xs, quiz.network_says_first, strict=True):
        assert says_first == (logits[x, 1] > logits[x, 2])


def test_always_the_same_answer_is_right_half_of_the_time(faulty):
    shares = [draw_quiz(faulty, 0, 1, seed).right("1" * N_QUESTIONS).mean() for seed in range(200)]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.05)
    assert len(set(shares)) > 2, "the number of either class is not given away"


def test_right_answers_are_those_of_the_labels(faulty):
    quiz = draw_quiz(faulty, 0, 2)
    answers = "".join("1" if first else "2" for first in quiz.is_first)
    assert quiz.right(answers).all()
    assert not quiz.right(answers.translate(str.maketrans("12", "21"))).any()
    assert quiz.right(answers[:3]).tolist() == [True] * 3


@pytest.mark.parametrize(
    ("text", "n", "answers"),
    [
        ("1221", 10, "1221"),
        ("1221", 2, "12"),
        ("12x21", 10, "12"),
        ("0", 10, ""),
        ("", 10, ""),
        ("٢1", 10, ""),
    ],
)
def test_answers_of_a_link_are_read_up_to_the_first_that_is_none(text, n, answers):
    assert read_answers(text, n) == answers


def test_the_interval_is_wilsons():
    score = tally(np.array([True] * 8 + [False] * 2))
    z, p, n = 1.959964, 0.8, 10
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert (score.n_right, score.n) == (8, 10)
    assert (score.low, score.high) == pytest.approx((centre - half, centre + half), abs=1e-4)
    assert not score.beats_chance
    assert tally(np.ones(10, bool)).beats_chance


def test_before_the_first_answer_nothing_is_known():
    score = tally(np.empty(0, bool))
    assert score.n == 0
    assert np.isnan(score.low)


def test_a_class_without_test_images_gives_no_question(faulty):
    assert not len(draw_quiz(faulty, 0, 1, n=0).xs)
