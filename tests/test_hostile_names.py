"""Names of classes, words and files full of Markdown, LaTeX and HTML, on every page: plain text."""

import json
from pathlib import Path

import pandas as pd
import pytest

from core.diagnosis.diagnosis import write_diagnoses
from core.runs.files import MANIFEST
from tests.attacked import write_attacked_run
from tests.faulty_run import write_faulty_run
from tests.live_run import write_live_run
from tests.pages import read_as_markup, said, visit
from tests.second_run import write_second_run

pytestmark = pytest.mark.slow

NAME = (
    "<script>evil</script> **b** [l](javascript:1) $x$ :red[r] `c` "
    "<a href='http://evil.example'>a</a> &lt;i&gt; ![p](http://evil.example/p.png)"
)
PAGES = {
    "faulty": ["", "failures", "failures?x=1", "failures?view=review", "failures?view=blind",
               "filters", "filters?f=1", "search?q=head", "grounding?x=1", "classes?c=1",
               "classes?c=1&versus=2", "patterns", "confusion", "lesson", "lesson?view=quiz",
               "lesson?view=quiz&answers=1", "map?region=0-0.900-1000", "map?colour=class",
               "repair", "repair?labels=drop&hard=3"],
    "attacked": ["", "robustness", "compare?with=second", "compare?with=second&x=1"],
    "live": ["try?x=1"],
}  # fmt: skip


def spoil(folder: Path) -> None:
    for table, columns in {
        "classes": ["name"],
        "attributes": ["phrase", "noun", "adjective"],
        "images": ["path"],
    }.items():
        path = folder / "tables" / f"{table}.parquet"
        frame = pd.read_parquet(path)
        for column in columns:
            frame[column] = [f"{NAME} {i}" for i in range(len(frame))]
        frame.to_parquet(path, index=False)
    path = folder / MANIFEST
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "arch": NAME, "dataset": NAME, "problems": [NAME]}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    write_diagnoses(write_faulty_run(folder))
    write_second_run(write_attacked_run(folder), folder)
    write_live_run(folder)
    for run in folder.iterdir():
        spoil(run)
    return folder


@pytest.mark.parametrize("run", PAGES)
def test_names_of_markup_are_shown_as_they_are(folder, run, monkeypatch, tmp_path):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(folder))
    monkeypatch.setenv("FIELDMARKS_DB", f"sqlite:///{tmp_path}/verdicts.sqlite")
    app, shown = None, ""
    for link in PAGES[run]:
        app = visit(f"{link}{'&' if '?' in link else '?'}run={run}", app)
        assert not app.exception, link
        assert not read_as_markup(app), link
        shown += said(app)
        for chart in app.get("plotly_chart"):
            assert "<script" not in chart.proto.spec, link
            assert "<a href" not in chart.proto.spec, link
    assert "evil" in shown
