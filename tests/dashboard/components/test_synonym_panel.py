"""Suggested synonyms on the Search page: nothing is written unless a person accepts."""

import shutil

import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.attributes.synonym_candidates import SYNONYM_COLUMNS
from fieldmarks.core.review.accepted_synonyms import accepted_synonyms, synonym_file
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from tests.support.pages import component_data, said, visit


@pytest.fixture
def suggested(run, tmp_path, monkeypatch) -> Run:
    """A run with two candidates."""
    folder = tmp_path / run.name
    shutil.copytree(run.folder, folder)
    rows = [
        ("adjective", "grey", "striped", 2.5, 9, 40, 12, 30, 4.0, 0, 3.0, 0, 2, 4),
        ("noun", "belly", "tail", 1.5, 5, 8, 20, 9, 4.0, 1, 3.0, 1, -1, -1),
    ]
    dtypes = {name: dtype for name, (dtype, _) in SYNONYM_COLUMNS.items()}
    table = pd.DataFrame(rows, columns=list(SYNONYM_COLUMNS)).astype(dtypes)
    table.to_parquet(folder / "tables" / "synonym_candidates.parquet", index=False)
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path))
    return read_run(folder)


def test_a_candidate_is_shown_with_counts_and_images(suggested):
    app = visit("search")
    assert not app.exception
    text = said(app)
    assert "adjective **striped** / **grey**" in text
    assert "9 images; in different captions 30 times, 4 by chance; in one caption 0" in text
    images = component_data(app, "synonym.images.adjective.grey.striped")[0]["items"]
    assert len(images) == 3
    assert all(image["alt"] for image in images)
    assert not synonym_file(suggested).exists(), "a page that was only looked at writes nothing"


def test_the_rarer_word_becomes_the_commoner_one_when_accepted_and_can_be_withdrawn(suggested):
    app = visit("search")
    app = next(b for b in app.button if b.label == "Accept: striped → grey").click().run()
    assert accepted_synonyms(synonym_file(suggested)) == [("adjective", "striped", "grey")]
    assert any("--synonyms" in code.value for code in app.code)
    assert "adjective **striped**" not in said(app)
    app = next(b for b in app.button if b.label == "striped → grey").click().run()
    assert accepted_synonyms(synonym_file(suggested)) == []
    assert "adjective **striped**" in said(app)


def test_a_run_without_candidates_says_how_to_compute_them(run, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(run.folder.parent))
    app = visit("search")
    assert "`fieldmarks synonyms synthetic`" in said(app)
    assert not app.code, "a block of code loads 1.5 MB of scripts"


def test_a_damaged_file_is_told_and_kept(suggested):
    synonym_file(suggested).write_bytes(b"\xff\xfe")
    app = visit("search")
    assert not app.exception
    assert "expected a table of synonyms" in said(app)
    assert synonym_file(suggested).read_bytes() == b"\xff\xfe"
    assert np.all([not b.label.startswith("Accept") for b in app.button])
