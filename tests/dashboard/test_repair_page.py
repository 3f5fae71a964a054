"""The page Repair: a recipe is a link, nothing is written before one says so."""

import json
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import streamlit as st

from fieldmarks.core.causes.slices import Condition, Kind, Scope, Slice
from fieldmarks.core.errors import DataError
from fieldmarks.core.repair.preview import preview
from fieldmarks.core.repair.recipe import Labels, Recipe
from fieldmarks.core.repair.suggestions import Suggestion, removal_for
from fieldmarks.core.review.verdicts import Verdict, Verdicts
from fieldmarks.core.run.reading import open_run, read_run
from fieldmarks.dashboard.repair import baselines, fits
from fieldmarks.dashboard.repair.fits import Once
from fieldmarks.dashboard.repair.recipe_form import KEYS
from fieldmarks.dashboard.verdicts import database
from tests.support.faulty_run import MISLED
from tests.support.pages import component_data, page_links, said, visit
from tests.support.synthetic_run import write_synthetic_run

pytestmark = pytest.mark.slow

DROP = "repair?run=faulty&labels=drop"


@pytest.fixture(autouse=True)
def runs(faulty, tmp_path, monkeypatch):
    shutil.copytree(faulty.folder, tmp_path / "faulty")
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    monkeypatch.delenv("FIELDMARKS_DB", raising=False)
    database.clear()
    return tmp_path


def test_without_a_recipe_the_page_asks_for_one_and_shows_baselines():
    app = visit("repair?run=faulty")
    assert not app.exception
    assert "Choose what to change" in said(app)
    assert app.dataframe[0].value["Network"].tolist() == [
        "No change",
        "Plain refit",
        "Class-balanced refit",
    ]


def test_baselines_that_take_long_to_fit_are_fitted_when_somebody_asks(monkeypatch):
    monkeypatch.setattr(baselines, "AT_ONCE", 0)
    app = visit("repair?run=faulty")
    assert app.dataframe[0].value["Network"].tolist() == ["No change"]
    next(b for b in app.button if b.label == "Fit the baselines").click().run()
    assert not app.exception
    assert len(app.dataframe[0].value) == 3


def test_a_fit_is_made_once_and_tried_again_where_it_failed():
    once, asked = Once(), []

    def fail():
        raise DataError("no")

    def fit():
        asked.append(1)
        time.sleep(0.05)
        return len(asked)

    with pytest.raises(DataError):
        once.get(fail)
    assert not once.is_made
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: once.get(fit), range(4))) == {1}


def test_the_bar_of_a_fit_goes_when_it_is_done(monkeypatch):
    shown = []
    monkeypatch.setattr(fits, "_draw", lambda place, share, words: shown.append(words))
    app = visit(DROP)
    assert not app.exception
    assert len(shown) > 4
    assert "Refitting the last layer: 60 training images, 6 filters, 3 classes, 0%" in shown[0]
    assert "So far" not in shown[0]
    known = [words for words in shown if "of the validation images are right, before" in words]
    assert len(known) >= 4  # from the first of four penalties on
    assert not app.get("progress")


def test_a_visitor_who_goes_elsewhere_ends_the_fit_and_the_next_one_gets_it(monkeypatch):
    drawn, draw = [], fits._draw

    def leave(bar, share, words):
        drawn.append(share)
        if len(drawn) == 3:
            st.stop()  # what drawing raises in a script that is no longer wanted

    monkeypatch.setattr(fits, "_draw", leave)
    left = visit(DROP)
    assert not left.exception
    assert len(drawn) == 3
    assert not left.metric
    monkeypatch.setattr(fits, "_draw", draw)
    assert visit(DROP).metric


def test_a_verdict_asks_for_a_new_preview_only_where_the_recipe_reads_it(runs, monkeypatch):
    made = []
    monkeypatch.setattr(fits, "made_once", _noting(made, fits.made_once))
    run = open_run("faulty", runs)
    path = str(run.images["path"].iloc[int(run.failures[0])])
    verdict = Verdict(run.manifest["dataset"], path, is_reviewed=True)
    for link in ("classes=balanced", "labels=drop"):
        for pattern in ("image quality", "wrong label"):
            with closing(Verdicts(f"sqlite:///{runs}/verdicts.sqlite")) as verdicts:
                verdict = verdicts.save(replace(verdict, pattern=pattern))
            assert not visit(f"repair?run=faulty&{link}").exception
    assert [len(set(made[i : i + 2])) for i in (0, 2)] == [1, 2]


def _noting(made: list[str], fit):
    def noted(what, key, run, make):
        if what.startswith("Refitting"):
            made.append(key)
        return fit(what, key, run, make)

    return noted


def test_a_preview_says_what_changed_and_whether_it_means_anything(faulty):
    app = visit(DROP)
    assert not app.exception
    result = preview(faulty, Recipe(labels=Labels.DROP))
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Fixed"] == str(result.n_fixed)
    assert shown["Broken"] == str(result.n_broken)
    assert ("No significant change" in said(app)) == (result.p_value >= 0.05)
    assert app.dataframe[0].value["Network"].iloc[-1] == "This repair"


def test_what_broke_is_shown_first_and_each_image_opens_in_both_networks(faulty):
    app = visit("repair?run=faulty&off=filter+0,filter+1,filter+2")
    assert not app.exception
    result = preview(faulty, Recipe(off_filters=(0, 1, 2)))
    assert result.n_broken
    broken = component_data(app, "repair.broken")[0]["items"]
    assert len(broken) == min(result.n_broken, 24)
    first = broken[0]["href"]
    assert f"&x={result.broken[0]}" in first
    assert "off=filter+0%2Cfilter+1%2Cfilter+2" in first
    app = visit(first, app)
    assert not app.exception
    assert "Before the repair" in said(app)
    assert "Words gained" in said(app)


def test_removal_stands_beside_a_recipe_about_words():
    app = visit("repair?run=faulty&balance=yellow+head")
    assert not app.exception
    assert "Removal without a refit" in app.dataframe[0].value["Network"].tolist()


def test_the_form_writes_the_recipe_into_the_link():
    app = visit("repair?run=faulty")
    at = "|".join([""] * len(KEYS))
    app.segmented_control(f"repair.labels.faulty.{at}").set_value(Labels.CORRECT)
    app.multiselect(f"repair.balance.faulty.{at}").set_value([2])
    app.text_input(f"repair.filters.faulty.{at}").set_value("3, 4")
    app.slider(f"repair.hard.faulty.{at}").set_value(5)
    app.button[0].click().run()
    assert not app.exception
    expected = {"labels": "correct", "off": "filter 3,filter 4", "hard": "5"}
    asked = {key: "".join(value) for key, value in app.query_params.items()}
    assert asked.items() >= expected.items()
    assert "balance" in asked


def test_writing_makes_a_run_to_compare_with_and_leaves_the_old_one(runs):
    before = {path: path.stat().st_mtime_ns for path in (runs / "faulty").rglob("*")}
    app = visit(DROP)
    assert not (runs / "faulty-repaired").exists()
    button(app, "Write the new run").click().run()
    assert not app.exception
    assert "is written" in "\n".join(each.value for each in app.success)
    new = open_run("faulty-repaired")
    result = preview(read_run(runs / "faulty"), Recipe(labels=Labels.DROP))
    assert new.array("class_weights") == pytest.approx(result.head.weights, abs=1e-5)
    assert new.manifest["repair"]["labels"] == "drop"
    assert {path: path.stat().st_mtime_ns for path in (runs / "faulty").rglob("*")} == before
    assert not visit("compare?run=faulty&with=faulty-repaired", app).exception
    assert not visit("overview?run=faulty-repaired", app).exception
    assert not visit("patterns?run=faulty-repaired", app).exception


def test_a_name_that_is_taken_is_told(runs):
    app = visit(DROP)
    app.text_input("repair.name.faulty").set_value("faulty").run()
    button(app, "Write the new run").click().run()
    assert not app.exception
    assert "already" in said(app)
    assert [path.name for path in runs.iterdir() if path.is_dir()] == ["faulty"]


def test_a_head_that_is_not_linear_is_told_in_one_line(runs):
    path = runs / "faulty" / "manifest.json"
    manifest = json.loads(path.read_text())
    head = {"kind": "cosine", "eps": 0.0, "is_split": False}
    path.write_text(json.dumps({**manifest, "head": head}))
    app = visit(DROP)
    assert not app.exception
    assert "fits a linear last layer" in said(app)


def test_a_run_without_diagnoses_has_no_suspects(runs):
    write_synthetic_run(runs, "plain")
    app = visit("repair?run=plain&labels=drop")
    assert not app.exception
    assert "has no diagnoses" in said(app)


@pytest.mark.parametrize(
    "link",
    [
        "labels=nonsense",
        "balance=purple+zebra",
        "off=filter+999999999999",
        "off=filter+-1",
        "hard=1e99",
        "labels=drop&x=0",
        "labels=drop&x=99999",
        "background=exchanged&classes=balanced&hard=10&labels=correct",
    ],
)
def test_a_bad_or_crowded_link_lands_softly(link):
    assert not visit(f"repair?run=faulty&{link}").exception


def test_suggested_labels_are_counted_and_can_be_checked_first(faulty):
    app = visit("repair?run=faulty")
    assert not app.exception
    n_train = int(faulty.images["is_train"].sum())
    assert re.search(rf"\d of {n_train} training labels are suspected", said(app))
    assert "Check the labels first" in [link.label for link in page_links(app)]


def test_a_suggested_removal_says_what_it_fixes_and_breaks_and_is_a_link(faulty, monkeypatch):
    removal = removal_for(faulty, np.array(MISLED))
    assert removal is not None
    none, xs = np.empty(0, int), np.array(MISLED)
    condition = Condition(Kind.BACKGROUND, 0)
    found = Slice(Scope(1), (condition,), xs, xs, none, none, -0.9, -0.5, 0.001, 0.01)
    made = Suggestion(condition, (1,), found, xs, removal)
    monkeypatch.setattr("fieldmarks.dashboard.repair.suggested.suggestions", lambda run: [made])
    app = visit("repair?run=faulty")
    assert not app.exception
    assert re.search(r"3 failures by an? [a-z ]+ background .?\(group 1.?\) in", said(app))
    counts = f"{removal.n_fixed} fixed, {removal.n_broken} broken"
    (link,) = [each for each in page_links(app) if counts in each.label]
    assert "refit=none" in link.query_string
    after = visit(f"repair?{link.query_string}")
    assert not after.exception
    shown = {metric.label: metric.value for metric in after.metric}
    assert shown["Broken"] == str(preview(faulty, removal.recipe).n_broken)
    assert "Nothing is fitted" in said(after)
    assert "Removal and a refit" in after.dataframe[0].value["Network"].tolist()


def test_without_a_refit_only_removals_can_be_asked_for():
    app = visit("repair?run=faulty&labels=drop&refit=none")
    assert not app.exception
    assert "without a refit" in said(app)


def button(app, label: str):
    return next(each for each in app.button if each.label == label)
