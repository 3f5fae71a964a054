"""A damaged run on the pages: one line, and the other runs are as good as before."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from fieldmarks.core.run.contract import PACKS
from fieldmarks.core.run.files import EVALUATION, MANIFEST, array_path
from tests.support.pages import said, visit
from tests.support.synthetic_run import write_synthetic_run

pytestmark = pytest.mark.slow

PAGES = ["", "failures", "failures?x=1", "filters", "filters?f=1", "search?q=head", "grounding?x=1",
         "classes?c=1", "patterns"]  # fmt: skip

DAMAGE = {
    "tables gone": lambda run: shutil.rmtree(run / "tables"),
    "a table of junk": lambda run: (run / "tables" / "filters.parquet").write_bytes(b"junk"),
    "an index out of range": lambda run: _change(run, "top_images", 10**6),
    "sizes of a list": lambda run: _manifest(run, sizes=[]),
    "the folder empty": lambda run: [shutil.rmtree(run), run.mkdir(), (run / "arrays").mkdir()],
}


def _change(run: Path, name: str, value: float) -> None:
    path = array_path(run, name)
    array = np.load(path)
    array[:] = value
    np.save(path, array)


def _manifest(run: Path, **changes) -> None:
    path = run / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.fixture
def two_runs(tmp_path, monkeypatch):
    """A good run and another one to be damaged."""
    write_synthetic_run(tmp_path, "good")
    write_synthetic_run(tmp_path, "bad")
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    return tmp_path


def test_a_damaged_run_is_one_line_and_takes_no_other_run_down(two_runs):
    app = visit("failures?run=good")
    shutil.copytree(two_runs / "bad", two_runs / ".kept")
    for what, damage in DAMAGE.items():
        damage(two_runs / "bad")
        st.cache_resource.clear()  # as a new server
        visit("failures?run=bad", app)
        assert not app.exception, what
        assert len(app.error) == 1, what
        assert "\n" not in app.error[0].value, what
        assert "precompute" in app.error[0].value.replace("\\", ""), what
        visit("failures?run=good", app)
        assert not app.exception, what
        assert not app.error, what
        shutil.rmtree(two_runs / "bad")
        shutil.copytree(two_runs / ".kept", two_runs / "bad")


SCORES = {
    "a list": [], "a number": 3, "scored of 3": {"scored": 3},
    "scored of text": {"scored": {"images": "all"}}, "a list of rows": {"retrieval": [1]},
    "scored of null": {"scored": {"images": 1, "of": None}},
    "a row of 3": {"retrieval": {"rows": {"ridge": 3}}},
    "an end of text": {
        "retrieval": {"rows": {"ridge": {"mAP": {"value": 1, "low": "a", "high": 2}}}}
    },
}  # fmt: skip


def test_scores_that_are_none_leave_the_overview_standing(two_runs):
    app = None
    for content in ["", "{", *map(json.dumps, SCORES.values())]:
        (two_runs / "good" / EVALUATION).write_text(content)
        assert not visit("?run=good").exception, content
        app = visit("?run=good&view=about", app)
        assert not app.exception, content
        told = "".join([said(app).replace("\\", ""), *(code.value for code in app.code)])
        assert "fieldmarks evaluate good" in told, content
        assert "most frequent attributes" in told, content


def test_pictures_and_captions_of_junk_leave_every_page_standing(two_runs):
    for filename, _ in PACKS.values():
        path = two_runs / "good" / filename
        path.write_bytes(b"\xff" * path.stat().st_size)
    app = None
    for link in PAGES:
        app = visit(f"{link}{'&' if '?' in link else '?'}run=good", app)
        assert not app.exception, link
