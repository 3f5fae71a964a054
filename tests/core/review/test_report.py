import base64
import csv
import io
import json
import os
import re
import shutil
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from fieldmarks.__main__ import main
from fieldmarks.core.causes.diagnosis import diagnosed
from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.errors import DataError
from fieldmarks.core.review.report import report_rows, to_html, to_json, write_report
from fieldmarks.core.review.spreadsheet import to_csv
from fieldmarks.core.review.verdicts import Verdict, Verdicts
from fieldmarks.core.run.reading import open_run
from tests.support.browser import find_chromium, launch
from tests.support.faulty_run import WRONG_LABELS, write_faulty_run

pytestmark = pytest.mark.slow

HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=alert(1)> & \"quoted\""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    write_faulty_run(folder)
    return folder


@pytest.fixture(scope="module")
def faulty(runs):
    return diagnosed(open_run("faulty", runs))


@pytest.fixture(scope="module")
def table(faulty):
    xs = faulty.failures
    note = {"pattern": str(Pattern.WRONG_LABEL), "note": HOSTILE, "tags": ["=1+1", "b"]}
    path = faulty.images["path"].iloc[xs[0]]
    verdicts = pd.DataFrame([{**note, "author": "Ana", "is_reviewed": True}], index=[path])
    return report_rows(faulty, xs, verdicts)


def test_a_row_says_what_the_run_and_the_person_say(faulty, table):
    xs, diagnoses = faulty.failures, faulty.table("diagnoses")
    assert table["x"].tolist() == xs.tolist()
    assert table["pattern"].tolist() == diagnoses["pattern"].iloc[xs].tolist()
    assert table["why_predicted"].str.startswith("This is a ").all()
    assert table.loc[0, ["verdict", "author", "tags", "is_reviewed"]].tolist() == [
        "wrong label", "Ana", "=1+1, b", True,
    ]  # fmt: skip
    assert (table.loc[1:, "note"] == "").all()
    assert table["is_reviewed"].sum() == 1


def test_the_html_holds_every_picture_and_needs_nothing_else(faulty, table):
    html = to_html(faulty, table, "Failures")
    pictures = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', html)
    assert [base64.b64decode(p) for p in pictures] == [
        faulty.packed("thumb", x) for x in table["x"]
    ]
    assert not re.search(r'(src|href)="(?!data:)', html)
    assert "http://" not in html.replace("http-equiv", "")
    assert "https://" not in html


def test_nothing_from_the_data_becomes_markup(faulty, table):
    html = to_html(faulty, table, HOSTILE)
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_the_csv_comes_back_as_it_was_and_runs_no_formula(table):
    hostile = table.assign(note="=HYPERLINK(1)")
    back = list(csv.DictReader(io.StringIO(to_csv(hostile))))
    assert [row["path"] for row in back] == table["path"].tolist()
    assert {row["note"] for row in back} == {"'=HYPERLINK(1)"}
    assert back[0]["tags"] == "'=1+1, b"


def test_the_json_holds_the_same_rows(faulty, table):
    content = json.loads(to_json(faulty, table, "Failures"))
    assert content["run"] == "faulty"
    assert [image["path"] for image in content["images"]] == table["path"].tolist()
    assert content["images"][0]["note"] == HOSTILE


def test_an_empty_choice_gives_a_report_that_says_so(faulty):
    empty = report_rows(faulty, np.empty(0, int))
    assert "No image matches all criteria." in to_html(faulty, empty, "Failures")
    assert json.loads(to_json(faulty, empty, "Failures"))["images"] == []


def test_a_run_without_diagnoses_is_reported_without_patterns(run):
    table = report_rows(run, run.failures)
    assert (table["pattern"] == "").all()
    assert "article" in to_html(run, table, "Failures")


def test_another_ending_is_refused(faulty, table, tmp_path):
    with pytest.raises(DataError, match=r"ends in \.html, \.csv, \.json or \.jsonl"):
        write_report(tmp_path / "report.pdf", faulty, table, "Failures")


@pytest.fixture
def database(tmp_path, monkeypatch, faulty):
    monkeypatch.setenv("FIELDMARKS_DB", f"sqlite:///{tmp_path}/verdicts.sqlite")
    path = faulty.images["path"].iloc[faulty.failures[0]]
    with closing(Verdicts()) as verdicts:
        verdicts.save(Verdict(faulty.manifest["dataset"], path, note="seen by Ana", author="Ana"))


@pytest.mark.usefixtures("database")
def test_the_command_writes_what_its_conditions_choose_with_the_verdicts(faulty, runs, tmp_path):
    out = tmp_path / "report.json"
    words = ["report", "faulty", "--runs", str(runs), "--out", str(out), "--true", "Class 1"]
    assert main([*words, "--sort", "by predicted class"]) == 0
    images = json.loads(out.read_text("utf-8"))["images"]
    wrong = faulty.images.iloc[faulty.failures]
    assert len(images) == (wrong["true_c"] == 1).sum()
    assert main(["report", "faulty", "--runs", str(runs), "--out", str(out), "--overwrite"]) == 0
    assert "seen by Ana" in out.read_text("utf-8")


@pytest.mark.usefixtures("database")
def test_the_command_narrows_to_a_pattern(runs, tmp_path):
    out = tmp_path / "report.csv"
    pattern = str(Pattern.SPURIOUS_CUE)
    assert main([*f"report faulty --runs {runs} --out {out} --pattern".split(), pattern]) == 0
    table = pd.read_csv(out)
    assert len(table) > 0
    assert set(table["pattern"]) == {pattern}


@pytest.mark.usefixtures("database")
def test_an_order_that_does_not_exist_is_told(runs, tmp_path, capsys):
    assert main(f"report faulty --runs {runs} --out {tmp_path}/r.csv --sort luck".split()) == 1
    assert "--sort is one of most confident" in capsys.readouterr().err


@pytest.mark.usefixtures("database")
def test_a_class_that_does_not_exist_is_told(runs, tmp_path, capsys):
    assert main(f"report faulty --runs {runs} --out {tmp_path}/r.csv --true 999".split()) == 1
    assert "has no class '999'" in capsys.readouterr().err


def test_suspects_are_listed_with_the_likeliest_class(faulty, runs, capsys):
    assert main(f"suspects faulty --runs {runs} --top {len(WRONG_LABELS)}".split()) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert set(table["path"]) == set(faulty.images["path"].iloc[list(WRONG_LABELS)])
    assert table["suspicion"].is_monotonic_decreasing


@pytest.mark.browser
@pytest.mark.filterwarnings("default")  # Playwright's own sockets
def test_the_report_opens_in_a_browser_shows_its_pictures_and_runs_nothing(faulty, table, tmp_path):
    if find_chromium() is None:
        reason = "no Chromium found: install it or set FIELDMARKS_CHROMIUM"
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    path = tmp_path / "report.html"
    write_report(path, faulty, table, "Failures & more")
    with launch() as browser:
        page = browser.new_page()
        asked, complaints = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: complaints.append(error))
        page.goto(path.as_uri())
        assert page.title() == "faulty: Failures & more"
        widths = page.eval_on_selector_all("img", "images => images.map(i => i.naturalWidth)")
        assert len(widths) == len(table)
        assert min(widths) > 0
        assert HOSTILE in page.inner_text("blockquote")
        lines = page.inner_text("blockquote").split("\n")
        said = [line for line in lines if line.strip()]
        assert said[0].startswith(("Reviewed", "Noted"))
        assert said[1].strip() == HOSTILE, "the note runs into what is before it"
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert complaints == []


def test_json_lines_and_fiftyone_are_written_by_their_names(faulty, table, tmp_path):
    write_report(tmp_path / "failures.jsonl", faulty, table, "Failures")
    lines = (tmp_path / "failures.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["path"] for line in lines] == table["path"].tolist()
    write_report(tmp_path / "samples.json", faulty, table, "Failures")
    samples = json.loads((tmp_path / "samples.json").read_text("utf-8"))["samples"]
    assert len(samples) == len(table)


def test_the_command_reads_the_verdicts_beside_the_runs_that_are_named(
    faulty, tmp_path, monkeypatch
):
    monkeypatch.delenv("FIELDMARKS_DB", raising=False)
    monkeypatch.setenv("FIELDMARKS_RUNS", str(tmp_path / "elsewhere"))
    runs = tmp_path / "runs"
    shutil.copytree(faulty.folder, runs / "faulty")
    path = faulty.images["path"].iloc[faulty.failures[0]]
    with closing(Verdicts(runs=runs)) as verdicts:
        verdicts.save(Verdict(faulty.manifest["dataset"], path, note="seen by Ben", author="Ben"))
    out = tmp_path / "report.json"
    assert main(["report", "faulty", "--runs", str(runs), "--out", str(out)]) == 0
    assert "seen by Ben" in out.read_text("utf-8")
    assert main(["repair", "faulty", "--runs", str(runs), "--correct-suspects"]) == 0
    assert not (tmp_path / "elsewhere").exists(), "no database is made elsewhere"
