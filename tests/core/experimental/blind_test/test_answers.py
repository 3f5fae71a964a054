"""Answers to the blind test, kept in the database of verdicts."""

from contextlib import closing
from dataclasses import replace

import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.core.experimental.blind_test.answers import Answer, Answers

ANSWER = Answer("birds", "demo", "a.jpg", 0, "Ana", 3, 4, (3, 4, 5))


@pytest.fixture
def answers(tmp_path):
    with closing(Answers(f"sqlite:///{tmp_path}/verdicts.sqlite")) as answers:
        yield answers


def test_an_answer_comes_back_as_it_was(answers):
    assert answers.save(ANSWER)
    row = answers.of("birds", "demo").iloc[0]
    assert (row["path"], row["author"], row["explained"], row["chosen"]) == ("a.jpg", "Ana", 3, 4)
    assert list(row["options"]) == [3, 4, 5]


def test_the_first_answer_counts(answers):
    answers.save(ANSWER)
    assert not answers.save(replace(ANSWER, chosen=3))
    assert answers.save(replace(ANSWER, author="Ben"))
    assert answers.save(replace(ANSWER, seed=1))
    assert answers.of("birds", "demo")["chosen"].tolist() == [4, 4, 4]


def test_answers_of_a_person_and_a_run_are_their_own(answers):
    answers.save(ANSWER)
    answers.save(replace(ANSWER, author="Ben"))
    answers.save(replace(ANSWER, run="other"))
    assert len(answers.of("birds", "demo")) == 2
    assert answers.of("birds", "demo", "Ben")["author"].tolist() == ["Ben"]
    assert answers.of("fungi", "demo").empty


@pytest.mark.parametrize("author", ["", "  ", "x" * 201, "a\0b"])
def test_an_answer_needs_a_name(answers, author):
    with pytest.raises(DataError, match="needs a name"):
        answers.save(replace(ANSWER, author=author))
