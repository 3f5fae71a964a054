"""The score board shows an evaluation."""

import json
import shutil

import numpy as np
import pytest

from fieldmarks.core.bootstrap import Score
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.scores.result import (
    Bin,
    Evaluation,
    Measure,
    Row,
    Scored,
    SeenWords,
    paper_rows,
    write_evaluation,
)
from fieldmarks.dashboard.scores.board import as_table, figure, label, name_of
from fieldmarks.dashboard.scores.panels import About, panel_of, panels
from fieldmarks.dashboard.scores.seen_panels import seen_panels
from tests.support.pages import said, visit


def score(value: float) -> Score:
    return Score(value, value - 0.5, value + 0.5, 40)


UNKNOWN = Score(np.nan, np.nan, np.nan, 0)
PCK = ("PCK@0.1", "PCK@0.2", "PCK@0.3")
EVALUATION = Evaluation(
    scored=Scored(40, 40, 40, score(80)),
    default_estimator="ridge",
    grounding=Measure.of(
        {
            "constant": dict(zip(PCK, map(score, (9, 46, 69)), strict=True)),
            "ridge": dict(zip(PCK, map(score, (10, 50, 71)), strict=True)),
        },
        ["constant"],
        paper={"random": dict(zip(PCK, (3.1, 12.6, 28.3), strict=True))},
        counts={"image-attribute pairs": 40},
    ),
    retrieval=Measure([]),
    bleu=Measure(
        [
            Row("ridge", {"correct": score(0.3), "all": score(0.2)}, variant="BLEU-4"),
            *paper_rows({"BLEU": {"correct": 0.415, "all": 0.409}}),
        ]
    ),
    diversity=Measure.of({"ridge": {"entropy": UNKNOWN}}),
    faithfulness=Measure([]),
    colours=Measure.of({}, paper={"proposed": {"all": 3.0}}),
    simulation=Measure([]),
    names=None,
    verdict=None,
    verdicts={},
)


def test_what_could_not_be_measured_has_no_panel():
    assert [panel.about.title for panel in panels(EVALUATION)] == ["Grounding", "Sentences"]


@pytest.fixture
def scored(run, tmp_path, monkeypatch):
    shutil.copytree(run.folder, tmp_path / "scored")
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    return read_run(tmp_path / "scored")


@pytest.mark.slow
def test_the_overview_shows_the_board(scored):
    write_evaluation(scored, EVALUATION)
    app = visit("?view=about")
    assert not app.exception
    assert [tab.label for tab in app.tabs] == ["Grounding", "Sentences"]
    assert "**50.0**" in said(app)


@pytest.mark.slow
def test_scores_of_another_version_are_one_line_with_the_command(scored):
    (scored.folder / "evaluation.json").write_text('{"grounding": {}}', "utf-8")
    app = visit("?view=about")
    assert not app.exception
    assert "fieldmarks evaluate scored" in app.error[0].value.replace("\\", "")


def test_labels_say_the_role_of_a_row():
    grounding, bleu = panels(EVALUATION)
    assert [label(grounding, row) for row in grounding.rows] == [
        ":gray[constant]",
        ":blue[**ridge**]",
        ":gray[paper, random]",
    ]
    assert grounding.columns == list(PCK)
    assert [name_of(row) for row in bleu.rows] == ["ridge, BLEU-4", "paper, BLEU"]


def test_a_table_has_a_cell_for_every_figure():
    grounding, _ = panels(EVALUATION)
    lines = as_table(grounding).splitlines()
    assert len(lines) == 2 + len(grounding.rows)
    assert {line.count("|") for line in lines} == {5}


def test_a_table_of_more_figures_than_methods_lies_down():
    figures = {name: score(2) for name in ("logit", "probability")}
    panel = panel_of(About("t", "logit", ""), Measure.of({"ridge": figures}), "ridge")
    lines = as_table(panel).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| logit", "| probability"]
    assert "ridge" in lines[0]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (None, ""),
        (UNKNOWN, ""),
        (Score(12.34, 11.0, 13.0, 9), "**12.3** :gray[:small[11.0 to 13.0]]"),
        (Score(0.1234, 0.1, 0.2, 9), "**0.123** :gray[:small[0.100 to 0.200]]"),
        (Score(9.0, 8.0, 9.0, 9), "**9** :gray[:small[8 to 9]]"),
        (Score(28.3, np.nan, np.nan, 0), "28.3"),
        (Score(12.0, np.nan, np.nan, 9), "12"),
    ],
)
def test_figures_are_written_with_their_interval(given, shown):
    assert figure(given).replace("\N{NO-BREAK SPACE}", " ") == shown


def test_an_estimator_that_uses_keypoints_is_told_as_such(run, tmp_path, monkeypatch):
    folder = tmp_path / run.name
    shutil.copytree(run.folder, folder)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["keypoint_estimators"] = ["literal"]
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    overview = said(visit("?view=about"))
    assert "literal (uses keypoints)" in overview
    assert "literal: keypoint-supervised upper bound" in overview
    grounding = visit("grounding?x=1")
    options = next(box.options for box in grounding.selectbox if box.label == "Estimator")
    assert options == ["literal (uses keypoints)", "ridge"]


def test_seen_words_have_panels_with_their_controls_and_a_reliability_curve():
    none = Measure([])
    measured = SeenWords(
        sentence=Measure.of(
            {"seen": {"failures": score(80)}, "class frequency": {"failures": score(60)}},
            ["class frequency"],
        ),
        contrast=none,
        values=none,
        search=Measure.of({"seen": {"mAP": score(0.7)}}),
        certainty=Measure.of({"seen": {"calibration error": score(0.01)}}),
        curve=[Bin(9, 0.1, 0.2)],
    )
    drawn = {panel.about.title: panel for panel in seen_panels(measured)}
    assert list(drawn) == ["Words", "Search", "Certainty"]
    assert "**80**" in as_table(drawn["Words"]).replace("80.0", "80")
    assert "class frequency" in {row.name for row in drawn["Words"].rows}
    assert drawn["Certainty"].curve == [(0.1, 0.2, 9)]
    assert seen_panels(None) == []
