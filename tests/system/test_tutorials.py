"""The notebooks of ``examples/`` run from top to bottom."""

import re
from pathlib import Path

import pytest

from fieldmarks.core.causes.diagnosis import write_diagnoses
from tests.support import processes
from tests.support.faulty_run import write_faulty_run
from tests.system.test_docs import ROOT

NOTEBOOKS = sorted((ROOT / "examples").glob("*.py"))
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """A folder of runs whose run `demo` is a small one with planted faults."""
    folder = tmp_path_factory.mktemp("runs")
    write_diagnoses(write_faulty_run(folder)).folder.rename(folder / "demo")
    return folder


def output_of(path: Path, runs: Path) -> str:
    environment = {"FIELDMARKS_RUNS": str(runs), "PYTHONPATH": str(ROOT)}
    done = processes.call(processes.script, path, cwd=runs, **environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_a_failure_is_explained_grounded_and_diagnosed(runs):
    said = output_of(ROOT / "examples" / "debug_a_failure.py", runs)
    assert re.search(r"labelled 'Class 1', predicted 'Class 0'", said)
    assert "Class 0 rather than Class 1" in said
    assert re.search(r"^spurious cue$", said, re.MULTILINE), "as planted in this run"


def test_a_planted_label_error_is_listed_first(runs):
    said = output_of(ROOT / "examples" / "find_a_label_error.py", runs)
    assert "3 of 120 labels are suspected" in said, "as many as were planted"
    assert re.search(r"^without suspected labels +\d", said, re.MULTILINE)


def test_a_network_of_ones_own_is_explained(runs):
    said = output_of(ROOT / "examples" / "your_own_model.py", runs)
    assert "run 'shapes': 90 images" in said
    assert "An Ember is " in said


def test_a_run_without_words_is_the_users_own_loop_and_gets_words_later(runs):
    said = output_of(ROOT / "examples" / "without_words.py", runs)
    mine, its = (re.search(rf"{whose} test accuracy ([\d.]+)%", said)[1] for whose in ("my", "its"))
    assert mine == its
    before, after = said.split("run 'shapes' has no words")
    label, predicted = re.search(r"\.png: (\w+), predicted (\w+)", before).groups()
    sentence = re.search(rf"This is an? {predicted} because it has an? (.*) patch\.", after)[1]
    looks = {"Brick": "red square", "Ember": "red round", "Harbour": "blue square",
             "Lagoon": "blue round"}  # fmt: skip
    named = set(re.findall(r"red|blue|square|round", sentence))
    assert named
    assert named <= set(looks[label].split()), "what is said of the failure is true of its picture"
    assert re.search(r"^An? .* has .* patch\.", after, re.MULTILINE)


def test_every_notebook_is_a_page_of_the_site_and_is_tested():
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8")
    tests = Path(__file__).read_text("utf-8")
    for path in NOTEBOOKS:
        assert f"tutorials/{path.stem}.md" in navigation
        assert f'"{path.name}"' in tests
