"""Scores as a value and as a file: the same in both, and what else a file may be."""

import json
import shutil

import numpy as np
import pytest

from fieldmarks.core.bootstrap import Score
from fieldmarks.core.errors import RunError
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.scores.result import (
    VERSION,
    Evaluation,
    Measure,
    Role,
    Row,
    Scored,
    as_json,
    from_json,
    read_evaluation,
    write_evaluation,
)

KNOWN, UNKNOWN = Score(50.0, 40.0, 60.0, 12), Score(np.nan, np.nan, np.nan, 0)


def score(value: float) -> Score:
    return Score(value, value - 1, value + 1, 9, np.array([value - 1, value + 1]))


MEASURE = Measure.of(
    {"ridge": {"recall": score(4.0)}, "chance": {"recall": score(1.0)}},
    ["chance"],
    [("ridge", "chance"), ("ridge", "gone")],
    {"proposed": {"recall": 30.9}},
    counts={"pairs": 7},
    by_part={"beak": [Row("ridge", {"recall": KNOWN})]},
)
EVALUATION = Evaluation(
    scored=Scored(5, 9, 4, KNOWN, [1, 2]),
    default_estimator="ridge",
    grounding=MEASURE,
    retrieval=Measure([Row("ridge", {"recall": UNKNOWN}, variant="BLEU-4")]),
    bleu=Measure([]),
    diversity=Measure([]),
    faithfulness=Measure([]),
    colours=Measure([]),
    simulation=Measure([]),
    names=None,
    verdict=Measure([], truth="parts"),
    verdicts={"named": 3},
)


@pytest.fixture
def scored(run, tmp_path):
    shutil.copytree(run.folder, tmp_path / "scored")
    return read_run(tmp_path / "scored")


def test_rows_are_methods_then_controls_differences_and_the_paper():
    assert [(row.name, str(row.role)) for row in MEASURE.rows] == [
        ("ridge", "method"),
        ("chance", "control"),
        ("ridge minus chance", "difference"),
        ("proposed", "paper"),
    ]
    assert MEASURE.row("ridge minus chance").scores["recall"].value == 3.0
    assert MEASURE.columns == ["recall"]
    with pytest.raises(KeyError, match="gone"):
        MEASURE.row("gone")


def test_what_is_written_is_read_again(scored):
    write_evaluation(scored, EVALUATION)
    read = read_evaluation(scored)
    assert as_json(read) == as_json(EVALUATION)
    assert read.scored == EVALUATION.scored
    assert read.grounding.row("chance").role is Role.CONTROL
    assert np.isnan(read.retrieval.row("ridge", "BLEU-4").scores["recall"].value)
    assert read.names is None


def test_the_file_names_every_part(scored):
    write_evaluation(scored, EVALUATION)
    values = json.loads((scored.folder / "evaluation.json").read_text("utf-8"))
    assert values["version"] == VERSION
    assert values["grounding"]["counts"] == {"pairs": 7}
    assert values["grounding"]["rows"][0] == {
        "name": "ridge",
        "scores": {"recall": {"value": 4.0, "low": 3.0, "high": 5.0, "n": 9}},
    }


def test_a_run_that_was_not_evaluated_has_no_scores(scored):
    (scored.folder / "evaluation.json").unlink(missing_ok=True)
    assert read_evaluation(scored) is None


def _changed(**parts):
    return json.dumps({**as_json(EVALUATION), **parts})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "another version of Fieldmarks"),
        ('{"grounding": {"rows": {}}}', "another version of Fieldmarks"),
        (_changed(version=1), "another version of Fieldmarks"),
        (_changed(grounding=3), "expected dict, got int"),
        (_changed(grounding={"rows": {}}), "expected list, got dict"),
        (_changed(scored={"images": 5}), "missing 3 required"),
        (_changed(names={"rows": [{"name": "a", "scores": {}, "role": "king"}]}), "king"),
        (_changed(more={}), "KeyError: 'more'"),
        (_changed(bleu={"rows": [{"name": "a", "scores": {"x": {"value": "1%"}}}]}), "could not"),
    ],
)
def test_a_file_of_another_version_or_shape_says_to_evaluate_again(scored, text, message):
    (scored.folder / "evaluation.json").write_text(text, "utf-8")
    with pytest.raises(RunError, match=message) as caught:
        read_evaluation(scored)
    assert "fieldmarks evaluate scored" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_scores_of_single_values_are_read():
    assert from_json(Score, {"value": 1, "low": None, "high": None, "n": 3}).value == 1.0
