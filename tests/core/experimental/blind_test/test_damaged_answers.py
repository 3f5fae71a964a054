"""Answers of the blind test that somebody damaged."""

import sqlite3
from contextlib import closing

from fieldmarks.core.experimental.blind_test.answers import Answer, Answers


def test_damaged_answers_hurt_no_others(tmp_path):
    with closing(Answers(f"sqlite:///{tmp_path}/verdicts.sqlite")) as answers:
        for k in range(3):
            answers.save(Answer("d", "r", f"{k}.jpg", k, "Ana", 1, 2, [1, 2]))
        with sqlite3.connect(tmp_path / "verdicts.sqlite") as connection:
            connection.execute("UPDATE blind_answers SET options = '{' WHERE seed = 0")
            connection.execute("UPDATE blind_answers SET saved_at = 'never' WHERE seed = 1")
        connection.close()
        assert answers.of("d", "r")["seed"].tolist() == [1, 2]
