"""Pages of a run whose later stages are still computed."""

import base64
import json
import os
import re
import shutil

import pytest

from fieldmarks.core.run.files import MANIFEST, PROGRESS, array_path
from fieldmarks.core.run.progress import reported
from fieldmarks.core.run.so_far import SO_FAR, FailureSoFar, SoFar
from fieldmarks.precompute.pipeline.registry import STAGES
from tests.support.pages import runs_and_verdicts, visit
from tests.support.synthetic_run import write_synthetic_run

PENDING = {
    "evidence": ["evidence/literal", "evidence_bias/literal"],
    "other_estimators": [],
    **{
        name: [*stage.outputs.arrays, *stage.outputs.files, *stage.outputs.optional]
        for name, stage in STAGES.items()
        if stage.is_later and name not in ("evidence", "other_estimators")
    },
}
#: Pages, and what each says that is still to be computed.
PAGES = {
    "": ("Causes of the failures",),
    "?view=about": ("Names of the filters", "Scores"),
    "images": (),
    "images?x=FAILURE": ("Causes of the failures",),
    "images?x=FAILURE&tab=grounding": ("Heatmaps of parts",),
    "images?view=map": ("The map of images",),
    "images?q=red+head": (),
    "images?view=confusion": (),
    "filters": ("Names of the filters", "The other estimators"),
    "filters?sort=number+of+meanings": ("Names of the filters",),
    "filters?f=1": ("Names of the filters",),
    "classes": (),
    "classes?c=1": (),
    "causes": ("Causes of the failures",),
    "review": (),
    "corruptions": (),
    "compare": (),
    "repair": (),
    "try": ("The network for new pictures",),
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run with explanations and nothing more."""
    run = write_synthetic_run(tmp_path)
    whole = (run.folder / MANIFEST).read_text()
    aside = tmp_path / ".aside"
    shutil.copytree(run.folder, aside)
    for name in [each for names in PENDING.values() for each in names]:
        path = run.folder / name if "." in name else array_path(run.folder, name)
        path.unlink(missing_ok=True)
    manifest = {**json.loads(whole), "pending": PENDING}
    (run.folder / MANIFEST).write_text(json.dumps(manifest))
    with runs_and_verdicts(tmp_path, monkeypatch):
        yield run
    shutil.rmtree(aside)


def captions(app):
    return [element.value for element in app.caption]


@pytest.mark.parametrize("page", PAGES)
def test_pages_say_in_its_place_what_is_still_computed(run, page):
    with reported(run.folder, "names"):
        app = visit(page.replace("FAILURE", str(run.failures[0])))
    assert not app.exception
    assert not app.error
    said = [line for line in captions(app) if "This page updates by itself" in line]
    for what in PAGES[page]:
        assert any(what in line for line in said), (what, captions(app))
    assert any(re.search(r"being computed, \d+ s", line) for line in said) == (
        "Names of the filters" in PAGES[page]
    )


def test_what_ended_before_its_end_is_told_with_the_remedy(run):
    app = visit("images?view=map")
    assert any("it resumes where it stopped" in line for line in captions(app))
    (run.folder / PROGRESS).write_text('{"stage": "layout", "began": 0}')
    os.utime(run.folder / PROGRESS, (0, 0))
    assert any("it resumes where it stopped" in line for line in captions(visit("images?view=map")))


def test_a_page_fills_itself_once_the_stage_is_whole(run):
    with reported(run.folder, "layout"):
        app = visit("images?view=map")
    assert any("The map of images: being computed" in line for line in captions(app))
    aside = run.folder.parent / ".aside"
    shutil.copy(array_path(aside, "layout"), array_path(run.folder, "layout"))
    manifest = json.loads((run.folder / MANIFEST).read_text())
    del manifest["pending"]["layout"]
    (run.folder / MANIFEST).write_text(json.dumps(manifest))
    app.run()
    assert not any("The map of images" in line for line in captions(app))
    assert any("are points" in line or "t-SNE" in line for line in captions(app))


@pytest.fixture
def computed(tmp_path, monkeypatch):
    """A run of which some images have passed the network, and nothing more."""
    run = write_synthetic_run(tmp_path / "made")
    runs = tmp_path / "runs"
    partial = runs / ".synthetic.partial"
    partial.mkdir(parents=True)
    thumbnail = base64.b64encode(run.packed("thumb", 0)).decode()
    failure = FailureSoFar("a/1.jpg", "Hawk *of* the West", "Owl", 0.87, thumbnail)
    SoFar(1200).plus(512, 210, 31, [failure]).write(partial)
    with runs_and_verdicts(runs, monkeypatch):
        yield run, runs


@pytest.mark.parametrize("link", ["", "images", "filters?f=1"])
def test_during_the_pass_every_page_shows_the_failures_so_far(computed, link):
    app = visit(f"{link}{'&' if '?' in link else '?'}run=synthetic")
    assert not app.exception
    assert [each.value for each in app.title] == ["Run “synthetic” is being computed"]
    assert app.get("progress")[0].proto.text.startswith("512 of 1,200 images have passed")
    assert any("31 of 210 test images" in each.value for each in app.markdown)
    assert any(
        "Owl" in each.value and r"Hawk \*of\* the West" in each.value and "87%" in each.value
        for each in app.markdown
    )


def test_a_pass_that_stands_still_says_how_to_resume(computed):
    _, runs = computed
    path = runs / ".synthetic.partial" / SO_FAR
    path.write_text(json.dumps({**json.loads(path.read_text()), "written": 1000.0}))
    app = visit("?run=synthetic")
    assert any("run it again" in each.value for each in app.caption)


def test_once_the_run_is_published_its_own_pages_are_there(computed):
    run, runs = computed
    app = visit("?run=synthetic")
    shutil.rmtree(runs / ".synthetic.partial")
    shutil.copytree(run.folder, runs / "synthetic")
    app = visit("?run=synthetic", app)
    assert not app.exception
    assert "fail" in app.title[0].value


def test_without_a_file_of_the_pass_there_is_no_run(computed):
    _, runs = computed
    (runs / ".synthetic.partial" / SO_FAR).unlink()
    app = visit("?run=synthetic")
    assert app.title[0].value != "Run “synthetic” is being computed"
