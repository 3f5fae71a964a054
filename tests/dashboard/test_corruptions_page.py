"""The pages Corruptions and Attacks: what they say, empty states, bad links."""

import json

import pytest

from fieldmarks.core.corruptions.record import VERSION, read_record
from fieldmarks.core.experimental.attacks.record import read_attacks
from fieldmarks.core.run.reading import open_run
from tests.support.attacked import ATTACKED, CORRUPTED, XS, write_attacked_run
from tests.support.pages import component_data, links, said, visit
from tests.support.synthetic_run import write_synthetic_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    write_attacked_run(folder)
    write_synthetic_run(folder, "plain")
    return folder


@pytest.fixture(autouse=True)
def runs(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(folder))
    monkeypatch.setenv("FIELDMARKS_DB", f"sqlite:///{tmp_path}/verdicts.sqlite")


@pytest.mark.parametrize(("page", "command"), [("robustness", "robustness"), ("attacks", "attack")])
def test_a_run_without_a_record_says_how_to_make_one(page, command):
    app = visit(f"{page}?run=plain")
    assert not app.exception
    assert "No changed images have been computed" in said(app)
    assert app.code[0].value == f"fieldmarks {command} plain"


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        *(("robustness", kind) for kind in CORRUPTED),
        *(("attacks", kind) for kind in ATTACKED),
    ],
)
def test_every_kind_of_change_is_shown(page, kind):
    app = visit(f"{page}?run=attacked&show={kind.replace(' ', '+')}&level=2&x={XS[1]}")
    assert not app.exception
    last = {"robustness": "Words that are lost first", "attacks": "Detection of attacks"}[page]
    for section in ("Sentence by strength", "Filters", last):
        assert section in said(app)
    assert len(component_data(app, "robustness.pictures")[0]["items"]) == 3
    assert any("filters?" in link for link in links(app))


def test_robustness_shows_corruptions_alone():
    app = visit("robustness?run=attacked")
    control = next(each for each in app.button_group if each.label == "Change")
    assert list(control.options) == list(CORRUPTED)
    assert "Detection" not in said(app)
    assert "PGD" not in said(app)


@pytest.mark.parametrize(
    ("page", "kind", "read"),
    [("robustness", "blur", read_record), ("attacks", "PGD", read_attacks)],
)
def test_the_drift_of_every_word_is_drawn(folder, page, kind, read):
    from fieldmarks.core.corruptions.drift import word_drift

    app = visit(f"{page}?run=attacked&show={kind}&level=2&x={XS[2]}")
    run = open_run("attacked", folder)
    drift = word_drift(run, read(run), XS[2], kind)
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert figure["data"][0]["y"] == [run.attributes["phrase"].iloc[t] for t in drift.words]
    assert len(figure["data"][0]["x"]) == 3


def test_the_tables_show_figures_with_intervals():
    assert "all words" in said(visit("robustness?run=attacked"))
    text = said(visit("attacks?run=attacked"))
    assert "words against the captions" in text
    assert "average captions of the predicted class" in text
    assert "words against those of an earlier layer" in text


@pytest.mark.parametrize("page", ["robustness", "attacks"])
@pytest.mark.parametrize(
    "link", ["x=999", "x=0", "x=nonsense", "show=fog", "level=99", "show=blur&level=0"]
)
def test_a_bad_link_lands_softly(page, link):
    app = visit(f"{page}?run=attacked&{link}")
    assert not app.exception
    assert "Sentence by strength" in said(app)


@pytest.mark.parametrize(("page", "name"), [("robustness", "corruptions"), ("attacks", "attacks")])
def test_a_stale_record_is_one_line(folder, page, name):
    path = folder / "attacked" / "records" / name / "record.json"
    before = path.read_text("utf-8")
    path.write_text(before.replace(f'"version": {VERSION}', '"version": 99'), "utf-8")
    try:
        app = visit(f"{page}?run=attacked")
        assert not app.exception
        assert "another version" in app.error[0].value
    finally:
        path.write_text(before, "utf-8")
