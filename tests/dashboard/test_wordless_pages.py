"""Every page of a run without words: what it has, and how words are added."""

import pytest

from fieldmarks.core.causes.diagnosis import write_diagnoses
from tests.support.pages import component_data, links, runs_and_verdicts, said, visit
from tests.support.wordless_run import write_wordless_run

pytestmark = pytest.mark.slow

LINKS = {
    "": True,
    "failures": False,
    "failures?view=table": False,
    "failures?show=all&sort=darkest&pattern=image+quality": False,
    "failures?x={x}": True,
    "failures?x={x}&c=0&versus=1": True,
    "failures?x={x}&t=yellow+head": True,
    "failures?x={x}&tab=Captions": True,
    "failures?view=review": False,
    "filters": False,
    "filters?c=1&sort=selectivity": False,
    "filters?f=3": True,
    "search": False,
    "search?q=wrong": False,
    "search?q=yellow+head": False,
    "images?q=yellow+head": False,
    "images?show=all&view=table": False,
    "?view=about": True,
    "grounding": False,
    "grounding?x=3": True,
    "classes": False,
    "classes?c=1": True,
    "classes?c=1&versus=2": True,
    "patterns": False,
    "confusion": False,
    "map": False,
    "map?region=0-0.1000-0.1000-1000.0-1000": True,
    "robustness": True,
    "compare": False,
    "compare?with=other": False,
    "compare?with=other&x={x}": True,
    "repair": False,
    "repair?balance=classes": False,
    "try": False,
    "lesson": True,
    "blind_test": True,
    "attacks": True,
    "experiments": True,
}


@pytest.fixture(scope="module")
def runs(run, tmp_path_factory):
    """A folder with two runs without words."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("wordless", "other"):
        write_diagnoses(write_wordless_run(folder, run, name))
    return folder


@pytest.fixture(autouse=True)
def shown(runs, monkeypatch):
    with runs_and_verdicts(runs, monkeypatch):
        yield


@pytest.mark.parametrize(("link", "lacks_words"), LINKS.items())
def test_every_page_opens_and_says_what_needs_words(wordless, link, lacks_words):
    x = int(wordless.failures[0])
    separator = "&" if "?" in link else "?"
    app = visit(f"{link.format(x=x)}{separator}run=wordless")
    assert not app.exception
    assert not app.error, [each.value for each in app.error]
    assert len(app.title) == 1
    assert said(app).count("Add words") == int(lacks_words)
    if lacks_words:
        captions, phrases = (each.value for each in app.code[-2:])
        assert "fieldmarks caption" in captions
        assert "--name wordless --captions captions.jsonl" in captions
        assert "--name wordless --words words.parquet" in phrases


def test_a_class_without_words_has_its_results_and_images():
    app = visit("classes?c=1&run=wordless")
    text = said(app)
    assert "training image" in text
    assert "Predicted as" in text
    assert component_data(app, "classes.images.Typical")


def test_a_filter_without_words_shows_what_activates_it(wordless):
    app = visit("filters?f=3&run=wordless")
    shown = [link for link in links(app) if "x=" in link]
    for x in wordless.array("top_images")[3]:
        assert any(f"x={x}&" in f"{link}&" for link in shown)
