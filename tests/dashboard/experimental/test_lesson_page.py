"""The page of a lesson and its quiz, without a browser."""

import json

import pytest

from fieldmarks.core.experimental.lesson.quiz import draw_quiz
from fieldmarks.core.experimental.lesson.separating_words import most_confused_pair
from fieldmarks.core.run.files import array_path
from tests.support.faulty_run import write_faulty_run
from tests.support.pages import component_data, links, said, visit

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """A run whose captions name what they show often enough to be taught."""
    import numpy as np

    from fieldmarks.core.run.reading import read_run

    run = write_faulty_run(tmp_path_factory.mktemp("lesson"))
    path = array_path(run.folder, "counts_values")
    np.save(path, np.load(path) * np.uint16(5))
    return read_run(run.folder)


@pytest.fixture(autouse=True)
def runs(taught, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(taught.folder.parent))


def name_of(run, c: int) -> str:
    return run.classes["name"].iloc[c]


def galleries(app) -> list[dict]:
    return [each for each in component_data(app) if "items" in each]


def link(answers: str = "", seed: int = 0) -> str:
    return f"lesson?run=faulty&c=0&versus=1&view=quiz&seed={seed}&answers={answers}"


def test_the_lesson_starts_with_the_most_confused_pair(taught):
    app = visit("lesson?run=faulty")
    assert not app.exception
    assert [box.value for box in app.selectbox[1:]] == list(most_confused_pair(taught))


def test_each_word_is_shown_with_its_counts_on_three_pictures_of_both_classes():
    app = visit("lesson?run=faulty&c=0&versus=1")
    assert len(galleries(app)) == 2
    for shown in galleries(app):
        assert [item["tone"] for item in shown["items"]] in (
            ["predicted"] * 3 + ["true"] * 3,
            ["true"] * 3 + ["predicted"] * 3,
        )
        assert all(item["layer"] for item in shown["items"])
    assert "of 20 training images of Class 0" in said(app)


def test_a_pair_without_separating_words_says_so(run, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(run.folder.parent))
    app = visit("lesson?run=synthetic&c=0&versus=1")
    assert not app.exception
    assert "No training image of Class 1 has captions" in said(app)
    app = visit("lesson?run=synthetic&c=0&versus=2")
    assert not app.exception
    assert "No word separates these two classes" in said(app) or galleries(app)


def test_a_question_gives_nothing_away(taught):
    app = visit(link("12"))
    x = int(draw_quiz(taught, 0, 1).xs[2])
    asked = component_data(app, "lesson.question")[0]
    assert len(asked["items"]) == 1
    item = asked["items"][0]
    assert item["href"] is None
    assert item["alt"] == "Picture 3 of 10"
    rest = json.dumps({**item, "src": ""})
    assert "Class" not in rest
    assert not any(f"x={x}&" in address for address in links(app))


def test_an_answer_is_scored_beside_the_network_and_explained(taught):
    app = visit(link())
    drawn = draw_quiz(taught, 0, 1)
    button = next(b for b in app.button if b.key == "lesson.answer.1")
    app = button.click().run()
    assert not app.exception
    verdict = "Right" if drawn.is_first[0] else "Wrong"
    true = name_of(taught, 0 if drawn.is_first[0] else 1)
    assert f"**{verdict}: picture 1 is labelled** " in said(app)
    assert f"[**{true}**]" in said(app)
    assert app.metric[0].value == f"{int(drawn.is_first[0])} of 1"
    assert app.metric[1].value == f"{int(drawn.network_right[0])} of 1"
    assert app.metric[2].value == "50 %"
    assert component_data(app, "lesson.why")


def test_the_last_answer_gives_the_result_and_other_pictures(taught):
    drawn = draw_quiz(taught, 0, 1)
    answers = "".join("1" if first else "2" for first in drawn.is_first)
    app = visit(link(answers))
    assert "10 of 10 right" in said(app)
    assert "above chance" in said(app)
    assert not component_data(app, "lesson.question")
    app = next(b for b in app.button if b.label == "Other pictures").click().run()
    assert "Picture 1 of 10" in said(app)
    asked = component_data(app, "lesson.question")[0]["items"][0]["src"]
    first = component_data(visit(link()), "lesson.question")[0]["items"][0]["src"]
    assert asked != first


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("lesson?run=faulty&c=1&versus=1", "compares a class with itself"),
        ("lesson?run=faulty&c=99", "asks for class “99”"),
        ("lesson?run=faulty&view=quiz&seed=-1", "asks for seed “-1”"),
        ("lesson?run=faulty&view=quiz&answers=zz", "Picture 1 of 10"),
        ("lesson?run=faulty&view=quiz&answers=" + "1" * 499, "of 10 right"),
        ("lesson?run=faulty&view=<b>", "A word is shown where"),
    ],
)
def test_a_bad_link_opens_with_a_notice_or_from_the_start(bad, message):
    app = visit(bad)
    assert not app.exception
    assert message in said(app).replace("\\", "")
