"""The score board reads evaluation.json, whatever it holds."""

import json
import shutil

import pytest

from fieldmarks.dashboard.scores.board import as_table, figure
from fieldmarks.dashboard.scores.panels import panels
from tests.support.pages import said, visit


def score(value: float) -> dict:
    return {"value": value, "low": value - 0.5, "high": value + 0.5, "n": 40}


EVALUATION = {
    "default_estimator": "ridge",
    "grounding": {
        "n_pairs": 40,
        "paper": {"random": (3.1, 12.6, 28.3)},
        "rows": {
            "constant": {"0.1": score(9), "0.2": score(46), "0.3": score(69)},
            "ridge": {"0.1": score(10), "0.2": score(50), "0.3": score(71)},
        },
    },
    "bleu": {
        "paper": {"correct": 0.415, "all": 0.409},
        "rows": {"ridge": {"BLEU-4": {"correct": score(0.3), "all": score(0.2)}}},
    },
    "diversity": {
        "rows": {"ridge": {"entropy": {"value": None, "low": None, "high": None, "n": 0}}}
    },
}


@pytest.mark.parametrize("evaluation", [{}, {"grounding": None}, {"grounding": {"rows": {}}}])
def test_a_board_of_another_version_shows_nothing_and_does_not_fail(evaluation):
    assert panels(evaluation) == []


@pytest.mark.slow
def test_the_overview_shows_the_board(run, tmp_path, monkeypatch):
    shutil.copytree(run.folder, tmp_path / "scored")
    (tmp_path / "scored" / "evaluation.json").write_text(json.dumps(EVALUATION), "utf-8")
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    app = visit()
    assert not app.exception
    assert [tab.label for tab in app.tabs] == ["Grounding", "Sentences"]
    assert "**50.0**" in said(app)


def test_rows_know_their_role():
    grounding, bleu = panels(EVALUATION)
    assert [(row.name, row.role) for row in grounding.rows] == [
        ("constant", "baseline"),
        ("ridge", "default"),
        ("paper, random", "paper"),
    ]
    assert grounding.columns == ["PCK@0.1", "PCK@0.2", "PCK@0.3"]
    assert [row.name for row in bleu.rows] == ["ridge, BLEU-4", "paper"]


def test_the_papers_figures_stand_in_the_columns_of_ours():
    grounding, _ = panels(EVALUATION)
    assert {name: s["value"] for name, s in grounding.rows[-1].scores.items()} == {
        "PCK@0.1": 3.1,
        "PCK@0.2": 12.6,
        "PCK@0.3": 28.3,
    }


def test_a_table_has_a_cell_for_every_figure():
    grounding, _ = panels(EVALUATION)
    lines = as_table(grounding).splitlines()
    assert len(lines) == 2 + len(grounding.rows)
    assert {line.count("|") for line in lines} == {5}


def test_a_table_of_more_figures_than_methods_lies_down():
    figures = {name: score(2) for name in ("logit", "probability")}
    [panel] = panels({"faithfulness": {"rows": {"ridge": figures}}})
    lines = as_table(panel).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| logit", "| probability"]
    assert "ridge" in lines[0]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (None, ""),
        ({"value": 12.34, "low": 11.0, "high": 13.0}, "**12.3** :gray[:small[11.0 to 13.0]]"),
        ({"value": 0.1234, "low": 0.1, "high": 0.2}, "**0.123** :gray[:small[0.100 to 0.200]]"),
        ({"value": 9.0, "low": 8.0, "high": 9.0}, "**9** :gray[:small[8 to 9]]"),
        ({"value": 28.3}, "28.3"),
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
    overview = said(visit(""))
    assert "literal (uses keypoints)" in overview
    assert "literal: keypoint-supervised upper bound" in overview
    grounding = visit("grounding?x=1")
    options = next(box.options for box in grounding.selectbox if box.label == "Estimator")
    assert options == ["literal (uses keypoints)", "ridge"]
