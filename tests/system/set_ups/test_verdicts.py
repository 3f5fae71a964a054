"""Set-ups of verdicts: what a reviewer saved is in every file, read by pandas and by sqlite3."""

import csv
import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from fieldmarks.__main__ import main
from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.review.database import database_url
from fieldmarks.core.review.spreadsheet import unescaped
from fieldmarks.core.review.verdicts import Verdict, Verdicts
from tests.support.faulty_run import write_faulty_run

#: Notes as people write them, and as nobody should be able to.
NOTES = ("plain", "x;=1+1", "=HYPERLINK(1)", "a,b", 'say "no"', "two\nlines", "ö 😀", "\t=1", "-1")


@pytest.fixture
def reviewed(tmp_path, monkeypatch):
    """A folder of runs with verdicts beside them, while the usual folder is another one."""
    runs, elsewhere = tmp_path / "here" / "runs", tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("FIELDMARKS_RUNS", str(elsewhere))
    monkeypatch.delenv("FIELDMARKS_DB", raising=False)
    monkeypatch.chdir(elsewhere)
    run = write_faulty_run(runs)
    judged = np.flatnonzero(run.is_test)[: len(NOTES)]
    with closing(Verdicts(database_url(runs=runs))) as verdicts:
        for x, note in zip(judged, NOTES, strict=True):
            path = run.images["path"][x]
            verdicts.save(Verdict(run.manifest["dataset"], path, note=note, author="Ana"))
    return run, {run.images["path"][x]: note for x, note in zip(judged, NOTES, strict=True)}


def reported(run, tmp_path, suffix: str):
    out = tmp_path / f"report.{suffix}"
    words = f"report faulty --runs {run.folder.parent} --show all --out {out} --overwrite"
    assert main(words.split()) == 0
    return out


def test_a_report_has_the_verdicts_beside_the_runs_that_are_named(reviewed, tmp_path):
    run, notes = reviewed
    table = pd.read_csv(reported(run, tmp_path, "csv"), dtype=str, keep_default_na=False)
    said = {row.path: unescaped(row.note) for row in table.itertuples() if row.note}
    assert said == notes
    of_json = pd.read_json(reported(run, tmp_path, "jsonl"), lines=True)
    assert {row.path: row.note for row in of_json.itertuples() if row.note} == notes
    assert not list((tmp_path / "elsewhere").iterdir()), "no database is made elsewhere"
    with sqlite3.connect(run.folder.parent / "verdicts.sqlite") as connection:
        stored = dict(connection.execute("SELECT path, note FROM verdicts"))
    connection.close()
    assert stored == notes


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_spreadsheet_finds_a_formula_in_it(reviewed, tmp_path, separator):
    run, _ = reviewed
    with reported(run, tmp_path, "csv").open(newline="") as file:
        for row in csv.reader(file, delimiter=separator):
            for cell in row:
                is_number = cell.lstrip("+-").replace(".", "").isdigit()
                assert is_number or not cell.startswith(("=", "+", "-", "@")), row


def test_repair_leaves_out_what_the_verdicts_beside_the_runs_call_wrong(reviewed, tmp_path, capsys):
    run, _ = reviewed
    words = f"repair faulty --runs {run.folder.parent} --drop-suspects".split()
    assert main(words) == 1, (
        "the run has no diagnoses, so only a person says which labels are wrong"
    )
    learnt = np.flatnonzero(~run.is_test)[:3]
    with closing(Verdicts(database_url(runs=run.folder.parent))) as verdicts:
        for x in learnt:
            image = run.manifest["dataset"], run.images["path"][x]
            verdicts.save(Verdict(*image, Pattern.WRONG_LABEL))
    capsys.readouterr()
    assert main(words) == 0, capsys.readouterr().err
    assert "this repair" in capsys.readouterr().out
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_verdict_that_was_taken_back_is_in_no_report(reviewed, tmp_path):
    run, notes = reviewed
    gone = next(iter(notes))
    with closing(Verdicts(database_url(runs=run.folder.parent))) as verdicts:
        verdicts.delete(run.manifest["dataset"], gone)
    table = pd.read_csv(reported(run, tmp_path, "csv"), dtype=str, keep_default_na=False)
    said = {row.path: unescaped(row.note) for row in table.itertuples() if row.note}
    assert said == {path: note for path, note in notes.items() if path != gone}
