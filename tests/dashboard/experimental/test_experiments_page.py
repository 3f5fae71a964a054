"""The page Experiments, and what all experimental pages say of themselves."""

import json

import pytest

from fieldmarks.core.bootstrap import Score
from fieldmarks.core.corruptions.record import fingerprints
from fieldmarks.core.experimental.scores import Experiments, read_experiments, write_experiments
from fieldmarks.core.experimental.sentence_test.scores import EXCHANGED
from fieldmarks.core.scores.result import Measure
from fieldmarks.dashboard.experimental.note import NOTES
from tests.support.faulty_run import write_faulty_run
from tests.support.pages import EXPERIMENTS, runs_and_verdicts, said, visit

pytestmark = pytest.mark.slow


@pytest.fixture
def faulty(tmp_path, monkeypatch):
    run = write_faulty_run(tmp_path)
    with runs_and_verdicts(tmp_path, monkeypatch):
        yield run


def measure(own: float, exchanged: float) -> Measure:
    """Return the scores of a sentence test, with intervals of no width."""

    def row(value: float) -> dict[str, Score]:
        return {"passes": Score(value, value, value, 9), "fall": Score(0.5, 0.4, 0.6, 9)}

    scores = {"literal": row(own), EXCHANGED: row(exchanged)}
    scores[f"literal minus {EXCHANGED}"] = row(own - exchanged)
    return Measure.of(scores, [EXCHANGED])


def scored(run, sentence_test: Measure) -> None:
    stages = fingerprints(run.manifest)
    write_experiments(run, Experiments("literal", sentence_test, None, None, stages))


@pytest.mark.parametrize("page", EXPERIMENTS)
def test_every_experimental_page_says_so_and_what_does_not_hold(faulty, page):
    app = visit(f"{page}?run=faulty")
    assert not app.exception
    assert "**Experimental.**" in said(app)
    assert NOTES[page] in said(app)


def test_experiments_without_scores_say_the_command(faulty):
    app = visit("experiments?run=faulty")
    assert app.code[0].value == "fieldmarks evaluate faulty --experimental"


def test_experiments_show_the_share_of_sentences_that_pass_and_its_control(faulty):
    scored(faulty, measure(30.0, 2.0))
    app = visit("experiments?run=faulty")
    assert not app.exception
    assert [tab.label for tab in app.tabs] == ["Sentence test"]


def test_scores_of_another_version_of_the_run_are_refused(faulty):
    scored(faulty, measure(30.0, 2.0))
    assert read_experiments(faulty).zero_shot is None
    path = faulty.folder / "experimental.json"
    values = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**values, "stages": {"activations": "other"}}), "utf-8")
    app = visit("experiments?run=faulty")
    assert not app.exception
    assert "another version" in app.error[0].value
