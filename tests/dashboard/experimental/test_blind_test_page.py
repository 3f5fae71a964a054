"""The page of the blind test: nothing gives the label away, answers are kept, agreement."""

from contextlib import closing
from dataclasses import replace

import pytest

from fieldmarks.core.experimental.blind_test.answers import Answers
from fieldmarks.core.experimental.blind_test.blind_test import blind_question, question_order
from fieldmarks.core.review.verdicts import Verdict, Verdicts
from tests.support.faulty_run import write_faulty_run
from tests.support.pages import component_data, links, runs_and_verdicts, said, visit

pytestmark = pytest.mark.slow


@pytest.fixture
def faulty(tmp_path, monkeypatch):
    run = write_faulty_run(tmp_path)
    with runs_and_verdicts(tmp_path, monkeypatch):
        yield run


def test_the_blind_test_hides_prediction_label_and_links(faulty):
    app = visit("blind_test?run=faulty")
    assert not app.exception
    assert "Give your name" in said(app)
    app.text_input("reviewer.widget").set_value("Ana").run()
    asked = blind_question(faulty, int(question_order(faulty.failures)[0]))
    assert asked.sentence in said(app).replace("\\", "")
    names = faulty.classes["name"].to_numpy()
    labels = [app.button(f"blind.{i}").label for i in range(1, len(asked.options) + 1)]
    assert labels == [names[c] for c in asked.options]
    picture = component_data(app, "blind.picture")[0]["items"][0]
    assert not picture["href"]
    assert not any(name in str(picture) for name in names)
    assert not any(f"x={asked.x}" in link for link in links(app))


def test_an_answer_is_kept_and_the_next_question_comes(faulty):
    app = visit("blind_test?run=faulty&seed=3")
    app.text_input("reviewer.widget").set_value("Ana").run()
    order = question_order(faulty.failures, 3)
    first = blind_question(faulty, int(order[0]), 3)
    place = first.options.index(first.explained_c) + 1
    app.button(f"blind.{place}").click().run()
    assert not app.exception
    with closing(Answers()) as answers:
        row = answers.of(faulty.manifest["dataset"], "faulty").iloc[0]
    assert row["path"] == faulty.images["path"][order[0]]
    assert row["chosen"] == row["explained"]
    assert "1 of 1 right, 100%" in said(app).replace("\\", "")
    assert blind_question(faulty, int(order[1]), 3).sentence in said(app).replace("\\", "")
    app.button("blind.skip").click().run()
    assert not app.exception
    assert blind_question(faulty, int(order[2]), 3).sentence in said(app).replace("\\", "")


def test_reviewers_are_compared(faulty):
    dataset, paths = faulty.manifest["dataset"], faulty.images["path"][faulty.failures].tolist()
    with closing(Verdicts()) as database:
        for i, path in enumerate(paths):
            verdict = Verdict(dataset, path, "wrong label", is_reviewed=True, author="Ana")
            ana = database.save(verdict)
            pattern = "wrong label" if i else "spurious cue"
            database.save(replace(ana, pattern=pattern, author="Ben"))
    app = visit("blind_test?run=faulty")
    assert f"Ana {len(paths)}" in said(app)
    row = app.dataframe[0].value.iloc[0]
    assert row["Reviewers"] == "Ana, Ben"
    assert row["Same verdict"] == pytest.approx(1 - 1 / len(paths))
