"""What is said of images is scored against what their captions name, beside controls."""

import json

import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.scores.result import Role, SeenWords, as_json, from_json
from fieldmarks.core.scores.seen_words import calibration, score_seen_words
from fieldmarks.core.scores.text_tables import seen_tables
from fieldmarks.core.search.image_selection import sentence_words
from tests.support.hidden_words import with_hidden


@pytest.fixture(scope="module")
def scores(seen):
    return score_seen_words(seen, np.flatnonzero(seen.is_test))


def test_the_share_of_true_words_agrees_with_a_slow_loop(seen, scores):
    words, named = sentence_words(seen, "predicted"), seen.counts.toarray() > 0
    for group, wanted in (("failures", False), ("right", True)):
        hits = [
            named[x, t]
            for x in np.flatnonzero(seen.is_test & (seen.is_right == wanted))
            for t in words[x]
            if t >= 0
        ]
        score = scores.sentence.row("seen").scores[group]
        assert score.value == pytest.approx(100 * np.mean(hits))
        assert score.n == len(hits)


def test_planted_words_are_true_and_those_of_other_images_are_not(scores):
    def value(measure, name, column):
        return measure.row(name).scores[column].value

    seen = value(scores.sentence, "seen", "failures")
    assert seen > 85
    assert seen > value(scores.sentence, "eq. (5)", "failures") + 20
    for name in ("seen, judged by captions of its class", "seen, judged by captions of any image"):
        assert value(scores.sentence, name, "failures") < seen - 20
    assert value(scores.certainty, "seen", "AUC within classes") > 0.9
    assert abs(value(scores.certainty, "class frequency", "AUC within classes") - 0.5) < 0.05
    assert value(scores.search, "seen", "precision") > 85


def test_seen_is_the_method_and_all_other_rows_are_controls(scores):
    for measure in (scores.sentence, scores.contrast, scores.search, scores.certainty):
        assert {row.name for row in measure.rows if row.role is Role.METHOD} == {"seen"}


def test_the_scores_are_read_back_as_written(scores):
    values = as_json(scores)
    assert as_json(from_json(SeenWords, json.loads(json.dumps(values)))) == values


def test_the_text_has_a_table_a_measure(scores):
    titles = [text.splitlines()[0] for text in seen_tables(scores)]
    assert len(set(titles)) == len(titles) == 4  # no property has two values here


def test_both_sides_of_the_contrast_are_scored(scores):
    row = scores.contrast.row("seen").scores
    assert row["for predicted"].value > 85
    assert row["for true"].value > 85
    assert 0 < row["a word for true"].value <= 100


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
    found, curve = calibration(q, truth)
    assert found.value == pytest.approx(error)
    assert sum(each.n for each in curve) == n


def test_without_presence_nothing_is_scored(run):
    assert score_seen_words(run, np.flatnonzero(run.is_test)) is None


def test_words_that_are_said_nowhere_are_not_scored_in_searches(seen, scores):
    hidden = [0, 1, 2]
    run = with_hidden(seen, hidden)
    others = score_seen_words(run, np.flatnonzero(seen.is_test))
    n = scores.search.row("seen").scores["words"].value
    assert others.search.row("seen").scores["words"].value == n - len(hidden)
    assert others.certainty.row("seen").scores["AUC within classes"].value > 0.9


def test_what_is_painted_and_not_named_counts_as_true_of_a_painted_picture(seen, scores):
    said = sentence_words(seen, "predicted")
    x, t = np.nonzero(np.ones((seen.sizes["X"], seen.sizes["T"])))
    is_painted = (seen.counts.toarray() > 0)[x, t]
    for each in said:
        is_painted |= np.isin(t, each[each >= 0])  # all that is said of any image is in every one
    is_painted &= t != said[0, 0]  # of this one nothing is known
    x, t = x[is_painted].astype(np.int32), t[is_painted].astype(np.int32)
    place = np.full(len(x), 0.5, np.float32)
    places = pd.DataFrame({"x": x, "t": t, "row": place, "col": place, "visible": place})
    run = seen.changed(tables={"attribute_places": places})
    found = score_seen_words(run, np.flatnonzero(seen.is_test))
    by_captions = found.sentence.row("seen").scores["all"].value
    assert by_captions == scores.sentence.row("seen").scores["all"].value
    named = seen.counts.toarray() > 0
    hits = [
        named[x, t] if t == said[0, 0] else True
        for x in np.flatnonzero(seen.is_test)
        for t in said[x][said[x] >= 0]
    ]
    by_paint = found.sentence.row("seen, judged by the known truth")
    assert by_paint.scores["all"].value == pytest.approx(100 * np.mean(hits)) != by_captions
    assert by_paint.role is Role.METHOD
    other = found.contrast.row("judged by the known truth of another")
    assert other.role is Role.CONTROL
    seen_found = found.search.row("seen").scores["precision"].value
    assert (
        found.search.row("seen, judged by the known truth").scores["precision"].value > seen_found
    )
