"""The image list as a table: what each row says, and how it is sorted."""

from contextlib import closing

import numpy as np
import pytest

from fieldmarks.core.causes.diagnosis import write_diagnoses
from fieldmarks.core.review.verdicts import Verdict, Verdicts
from fieldmarks.core.run.reading import read_run
from tests.support.faulty_run import write_faulty_run
from tests.support.pages import component_data, runs_and_verdicts, visit

pytestmark = pytest.mark.slow


@pytest.fixture
def faulty(tmp_path, monkeypatch):
    run = write_faulty_run(tmp_path)
    write_diagnoses(run)
    run = read_run(run.folder)
    with runs_and_verdicts(tmp_path, monkeypatch):
        yield run


def rows(link: str) -> tuple[list[str], list[list[str]]]:
    """Return the headings of the table and the texts of its rows."""
    (table,) = component_data(visit(link), "images.table")
    heads = [column["text"] for column in table["columns"]]
    return heads, [[cell["text"] for cell in row["cells"]] for row in table["rows"]]


def test_a_row_has_the_cause_and_the_latest_verdict_with_its_tags(faulty):
    x = int(faulty.failures[0])
    path = str(faulty.images["path"].iloc[x])
    verdict = Verdict(
        str(faulty.manifest["dataset"]), path, "wrong label", "see the wing", ("odd",), True
    )
    with closing(Verdicts()) as verdicts:
        verdicts.save(verdict)
    heads, shown = rows("images?view=table")
    of_x = next(dict(zip(heads, row, strict=True)) for row in shown if row[0] == str(x))
    assert of_x["Verdict"] == "wrong label, #odd, note"
    assert of_x["Cause"] == faulty.table("diagnoses")["pattern"].iloc[x]
    others = [dict(zip(heads, row, strict=True)) for row in shown if row[0] != str(x)]
    assert not any(row["Verdict"] for row in others)


def test_a_row_shows_its_picture_and_leads_to_its_image_in_the_list(faulty):
    (table,) = component_data(visit("images?view=table&show=all"), "images.table")
    for row in table["rows"]:
        assert row["src"].startswith("data:image/jpeg")
        assert f"x={row['cells'][0]['text']}" in row["href"]
        assert "show=all" in row["href"]
        assert row["alt"]


def test_a_heading_sorts_the_list_and_the_sorted_column_says_so(faulty):
    seen = {}
    for order in ("most confident", "least confident"):
        link = f"images?view=table&show=all&sort={order.replace(' ', '+')}"
        (table,) = component_data(visit(link), "images.table")
        column = next(each for each in table["columns"] if each["text"] == "Confidence")
        seen[order] = [float(row["cells"][2]["title"]) for row in table["rows"]]
        assert column["sort"] == ("descending" if order == "most confident" else "ascending")
        assert (
            f"sort={'least' if order == 'most confident' else 'most'}+confident" in column["href"]
        )
    assert (np.diff(seen["most confident"]) <= 0).all()
    assert (np.diff(seen["least confident"]) >= 0).all()
