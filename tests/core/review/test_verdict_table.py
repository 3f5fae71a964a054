"""Verdicts read back from a CSV: the round trip, bad tables, bad rows, conflicts."""

from contextlib import closing
from dataclasses import replace

import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.core.review.report import report_rows
from fieldmarks.core.review.spreadsheet import to_csv
from fieldmarks.core.review.verdict_table import MAX_BYTES, read_verdicts, save_verdicts
from fieldmarks.core.review.verdicts import Verdict, Verdicts

PATHS = ["a.jpg", "b.jpg", "c.jpg"]


@pytest.fixture
def database(tmp_path):
    with closing(Verdicts(f"sqlite:///{tmp_path}/verdicts.sqlite")) as verdicts:
        yield verdicts


def read(text: str):
    return read_verdicts(text.encode(), "birds", PATHS)


def test_what_was_exported_is_read_as_it_was(faulty, database):
    xs = faulty.failures[:3]
    paths = faulty.images["path"].iloc[xs].tolist()
    written = [
        Verdict("d", paths[0], "wrong label", "=1+1, é", ("a, b", "=c"), True, "+Ana"),
        Verdict("d", paths[1], "", "'=quoted\ntwo lines", (), False, "Ben"),
    ]
    saved = [database.save(verdict) for verdict in written]
    content = to_csv(report_rows(faulty, xs, database.latest("d"))).encode()
    reading = read_verdicts(content, "d", paths)
    assert reading.problems == []
    assert reading.verdicts == [replace(verdict, saved_at=None) for verdict in saved]
    result = save_verdicts(database, reading.verdicts)
    assert (result.n_saved, result.n_same, result.conflicts) == (0, 2, [])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_from_any_spreadsheet_is_read(delimiter):
    rows = [["Path", "Verdict", "Is_Reviewed"], ["a.jpg", "spurious cue", "TRUE"]]
    text = "\ufeff" + "\r\n".join(delimiter.join(row) for row in rows)
    assert read(text).verdicts == [Verdict("birds", "a.jpg", "spurious cue", is_reviewed=True)]


def test_a_row_that_says_nothing_is_no_verdict():
    assert read("path,verdict,author\na.jpg,,Ana\n\nb.jpg,wrong label,\n").verdicts == [
        Verdict("birds", "b.jpg", "wrong label")
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "first row names its columns"),
        (b"image,verdict\na.jpg,x\n", "with a column .path."),
        (b"path,colour\na.jpg,red\n", "expected a column of verdict, note"),
        ("path,note\na.jpg,é\n".encode("latin-1"), "in UTF-8"),
        (b"x" * (MAX_BYTES + 1), "at most 20 MB"),
        (b'path,note\na.jpg,"' + b"x" * 200_000, "expected a CSV, got something else"),
    ],
)
def test_what_is_no_table_of_verdicts_is_refused(content, message):
    with pytest.raises(DataError, match=message):
        read_verdicts(content, "birds", PATHS)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("z.jpg,,,,,", "there is no image 'z.jpg'"),
        (",wrong label,,,,", "there is no image ''"),
        ("b.jpg,bad luck,,,,", "a pattern is one of discriminative"),
        ("b.jpg,,,,maybe,", "is_reviewed is true or false, got 'maybe'"),
        ("b.jpg,,,,,-1", "a version is a number from 0 on"),
        ("b.jpg,,,,,1e9", "a version is a number from 0 on"),
        ("b.jpg,,,,,99999999999", "a version is a number from 0 on"),
        ("a.jpg,wrong label,,,,", "is in an earlier row too"),
        ("b.jpg,,,,,,,", "expected 6 cells, got 8"),
        (f"b.jpg,,{'x' * 10_001},,,", "shorten it"),
        (f"b.jpg,,,{'x' * 201},,", "the author has at most 200"),
        ("b.jpg,,a\0b,,,", "cannot be stored"),
    ],
)
def test_a_bad_row_is_told_and_the_others_are_read(row, problem):
    text = f"path,verdict,note,author,is_reviewed,version\na.jpg,wrong label,,,,\n{row}\n"
    reading = read(text)
    assert [verdict.path for verdict in reading.verdicts] == ["a.jpg"]
    assert len(reading.problems) == 1
    assert reading.problems[0].startswith("row 3: ")
    assert problem in reading.problems[0]


def test_a_row_on_an_older_version_is_a_conflict_and_theirs_stays(database):
    ana = database.save(Verdict("birds", "a.jpg", note="Ana's", author="Ana"))
    database.save(replace(ana, note="Ana's second"))
    reading = read("path,note,version\na.jpg,mine,1\nb.jpg,mine,0\n")
    result = save_verdicts(database, reading.verdicts)
    assert (result.n_saved, result.n_same) == (1, 0)
    assert "Ana saved a verdict on a.jpg" in str(result.conflicts[0])
    assert database.get("birds", "a.jpg").note == "Ana's second"
    assert database.get("birds", "b.jpg").note == "mine"


def test_a_row_without_a_version_never_replaces_a_verdict(database):
    database.save(Verdict("birds", "a.jpg", note="theirs"))
    result = save_verdicts(database, read("path,note\na.jpg,mine\n").verdicts)
    assert len(result.conflicts) == 1
    assert database.get("birds", "a.jpg").note == "theirs"


def test_a_version_from_another_database_builds_on_the_latest_here(database):
    database.save(Verdict("birds", "a.jpg", note="theirs"))
    save_verdicts(database, read("path,note,version\na.jpg,mine,7\n").verdicts)
    assert [verdict.version for verdict in database.history("birds", "a.jpg")] == [1, 2]
