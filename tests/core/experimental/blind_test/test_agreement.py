"""Who judged what, and agreement beyond chance."""

from contextlib import closing
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from fieldmarks.core.experimental.blind_test.agreement import (
    NO_PATTERN,
    agreements,
    cohen_kappa,
    judgements,
)
from fieldmarks.core.review.verdicts import Verdict, Verdicts


@pytest.fixture
def database(tmp_path):
    with closing(Verdicts(f"sqlite:///{tmp_path}/verdicts.sqlite")) as verdicts:
        yield verdicts


@pytest.mark.parametrize("n_categories", [2, 3, 5])
def test_kappa_is_that_of_the_library(n_categories):
    rng = np.random.default_rng(n_categories)
    first = rng.integers(0, n_categories, 60).astype(str)
    second = np.where(rng.random(60) < 0.6, first, rng.integers(0, n_categories, 60).astype(str))
    kappa = cohen_kappa(first, second)
    assert kappa.value == pytest.approx(cohen_kappa_score(first, second))
    assert kappa.low < kappa.value < kappa.high
    assert kappa.n == 60


def test_kappa_by_hand():
    """20 both yes, 15 both no, 5 and 10 apart: observed 0.7, expected 0.5."""
    first = np.repeat(["yes", "yes", "no", "no"], [20, 5, 10, 15])
    second = np.repeat(["yes", "no", "yes", "no"], [20, 5, 10, 15])
    assert cohen_kappa(first, second).value == pytest.approx(0.4)


def test_of_one_verdict_on_everything_no_kappa_is_known():
    assert np.isnan(cohen_kappa(np.array(["a"] * 5), np.array(["a"] * 5)).value)


def test_each_reviewer_has_a_last_judgement_on_each_image(database):
    one = database.save(Verdict("d", "a.jpg", "wrong label", is_reviewed=True, author="Ana"))
    two = database.save(replace(one, pattern="spurious cue", author="Ben"))
    database.save(replace(two, pattern="", author="Ana"))
    database.save(Verdict("d", "b.jpg", note="only a note", author="Ben"))
    judged = judgements(database.versions("d"))
    assert {(row.author, row.path): row.pattern for row in judged.itertuples()} == {
        ("Ana", "a.jpg"): NO_PATTERN,
        ("Ben", "a.jpg"): "spurious cue",
    }


def test_what_was_undone_was_never_judged(database):
    ana = database.save(Verdict("d", "a.jpg", "wrong label", is_reviewed=True, author="Ana"))
    ben = database.save(replace(ana, pattern="spurious cue", author="Ben"))
    back = database.undo(ben)
    assert replace(back, version=1, saved_at=ana.saved_at) == ana
    judged = judgements(database.versions("d"))
    assert judged.to_dict("records") == [
        {"author": "Ana", "path": "a.jpg", "pattern": "wrong label"}
    ]
    database.undo(back)
    database.undo(database.save(Verdict("d", "b.jpg", is_reviewed=True, author="Ben")))
    assert "b.jpg" not in judgements(database.versions("d"))["path"].tolist()


def test_reviewers_agree_on_the_images_that_both_judged():
    rows = [("Ana", "a", "x"), ("Ana", "b", "y"), ("Ana", "c", "x"), ("Ben", "a", "x"),
            ("Ben", "b", "x"), ("Cid", "z", "x")]  # fmt: skip
    pairs = agreements(pd.DataFrame(rows, columns=["author", "path", "pattern"]))
    assert [(pair.first, pair.second, pair.n, pair.observed) for pair in pairs] == [
        ("Ana", "Ben", 2, 0.5)
    ]


def test_without_verdicts_nobody_judged(database):
    assert judgements(database.versions("d")).empty
    assert agreements(judgements(database.versions("d"))) == []
