"""The blind test: its questions and its score."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from fieldmarks.core.experimental.blind_test.blind_test import (
    N_OPTIONS,
    blind_question,
    blind_score,
    question_order,
)
from fieldmarks.core.explanations.explanation import explain


def test_the_options_hold_both_classes_and_the_likeliest_others(run):
    for x in range(20):
        asked = blind_question(run, x)
        true, predicted = (int(run.images[f"{side}_c"][x]) for side in ("true", "predicted"))
        assert len(set(asked.options)) == len(asked.options) == N_OPTIONS
        assert {true, predicted} <= set(asked.options)
        assert asked.explained_c in (true, predicted)
        others = [c for c in np.argsort(-run.array("logits")[x]) if c not in (true, predicted)]
        n_others = N_OPTIONS - len({true, predicted})
        assert set(asked.options) - {true, predicted} == set(others[:n_others])


def test_the_sentence_has_the_words_of_its_class_and_no_name(run):
    for x in range(20):
        asked = blind_question(run, x)
        explanation = explain(run, x, asked.explained_c)
        nouns = run.attributes["noun"].iloc[explanation.attributes]
        assert all(noun in asked.sentence for noun in nouns)
        assert not any(name in asked.sentence for name in run.classes["name"])


def test_a_seed_fixes_questions_and_their_order(run):
    xs = run.failures
    assert question_order(xs, 1).tolist() == question_order(xs[::-1], 1).tolist()
    assert question_order(xs, 1).tolist() != question_order(xs, 2).tolist()
    assert blind_question(run, 3, 1) == blind_question(run, 3, 1)
    sides = [
        blind_question(run, int(x)).explained_c == run.images["true_c"][x] for x in run.failures
    ]
    assert 0 < sum(sides) < len(sides)


def test_the_right_answer_has_no_usual_place(run):
    places = [q.options.index(q.explained_c) for q in (blind_question(run, x) for x in range(40))]
    assert len(set(places)) == N_OPTIONS


def test_the_score_stands_beside_what_needs_no_sentence(run):
    ids = run.classes["class_id"].tolist()
    n_train = run.classes["n_train"].tolist()
    rows, n_right, frequent, picture = [], 0, 0, 0
    for x in range(30):
        asked = blind_question(run, x)
        chosen = asked.options[0]
        n_right += chosen == asked.explained_c
        frequent += max(asked.options, key=lambda c: n_train[c]) == asked.explained_c
        picture += run.images["true_c"][x] == asked.explained_c
        path, options = run.images["path"][x], [ids[c] for c in asked.options]
        rows.append((path, ids[asked.explained_c], ids[chosen], options))
    rows.append(("elsewhere.jpg", 1, 1, [1, 2]))
    answers = pd.DataFrame(rows, columns=["path", "explained", "chosen", "options"])
    score = blind_score(run, answers)
    assert (score.n, score.n_right, score.chance) == (30, n_right, 1 / N_OPTIONS)
    assert score.most_frequent == pytest.approx(frequent / 30)
    assert score.picture == pytest.approx(picture / 30)
    assert score.low < n_right / 30 < score.high
    assert score.p_value == pytest.approx(binom.sf(n_right - 1, 30, 1 / N_OPTIONS))


def test_without_answers_there_is_no_score(run):
    columns = ["path", "explained", "chosen", "options"]
    assert blind_score(run, pd.DataFrame(columns=columns)) is None
