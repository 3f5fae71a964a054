"""What is said of images is scored against what their captions name, beside controls."""

import numpy as np
import pytest

from fieldmarks.core.scores.evaluation import as_json
from fieldmarks.core.scores.seen_words import calibration, score_seen_words
from fieldmarks.core.search.image_selection import sentence_words


@pytest.fixture(scope="module")
def scores(seen):
    return as_json(score_seen_words(seen, np.flatnonzero(seen.is_test)))


def test_the_share_of_true_words_agrees_with_a_slow_loop(seen, scores):
    words, named = sentence_words(seen, "predicted"), seen.counts.toarray() > 0
    for group, wanted in (("failures", False), ("right", True)):
        hits = [
            named[x, t]
            for x in np.flatnonzero(seen.is_test & (seen.is_right == wanted))
            for t in words[x]
            if t >= 0
        ]
        assert scores["sentence"]["seen"][group]["value"] == pytest.approx(100 * np.mean(hits))
        assert scores["sentence"]["seen"][group]["n"] == len(hits)


def test_planted_words_are_true_and_those_of_other_images_are_not(scores):
    rows = scores["sentence"]
    seen = rows["seen"]["failures"]["value"]
    assert seen > 85
    assert seen > rows["eq. (5)"]["failures"]["value"] + 20
    for name in ("seen, judged by captions of its class", "seen, judged by captions of any image"):
        assert rows[name]["failures"]["value"] < seen - 20
    assert scores["within classes"]["seen"] > 0.9
    assert abs(scores["within classes"]["class frequency"] - 0.5) < 0.05
    assert scores["search"]["seen"]["precision"] > 85


def test_both_sides_of_the_contrast_are_scored(scores):
    row = scores["contrast"]["seen"]
    assert row["for predicted"]["value"] > 85
    assert row["for true"]["value"] > 85
    assert 0 < row["a word for true"] <= 100


def test_the_calibration_error_agrees_with_a_slow_loop():
    rng = np.random.default_rng(0)
    q = rng.random((50, 4))
    truth = rng.random((50, 4)) < q**2
    q[0] = np.nan
    error, n = 0.0, 196
    for k in range(15):
        of = (q >= k / 15) & (q < (k + 1) / 15)
        if of.any():
            error += of.sum() / n * abs(q[of].mean() - truth[of].mean())
    found = calibration(q, truth)
    assert found["error"] == pytest.approx(error)
    assert sum(each["n"] for each in found["bins"]) == n


def test_without_presence_nothing_is_scored(run):
    assert score_seen_words(run, np.flatnonzero(run.is_test)) is None
