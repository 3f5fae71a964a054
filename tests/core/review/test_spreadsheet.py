"""Cells that no spreadsheet runs, and that come back as they were."""

import csv
import io

import pandas as pd
import pytest

from fieldmarks.core.review.spreadsheet import join_tags, split_tags, to_csv, unescaped

TEXTS = [
    "plain", "=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\n=x", "'=1", "''=1", "'tis", "''", "",
    "x;=1+1", "x\t=1+1\ty", "x\n=1", "x\r\n+1", "a|@b", "a,-b", "x;'=1", "x;;=1",
    "\uff1d1", "a;\uff0b1", "=1;=2;'=3", "\t;=1", 'x";=1+1;"', "a; =1", "5;3 - 1",
    'with "quotes", and a comma', "two\nlines", "ö =1", "= ", "'",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_comes_back_as_it_was_and_is_no_formula(text):
    content = to_csv(pd.DataFrame({"note": [text], "n": [1]}))
    cell = list(csv.reader(io.StringIO(content, newline="")))[1][0]
    assert unescaped(cell) == text
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quote", ['"', None])
def test_no_program_finds_a_formula_whatever_it_takes_for_the_end_of_a_cell(text, separator, quote):
    content = to_csv(pd.DataFrame({"n": [12], "note": [text], "tags": ["a"]}))
    how = {"quoting": csv.QUOTE_NONE} if quote is None else {"quotechar": quote}
    for row in csv.reader(io.StringIO(content, newline=""), delimiter=separator, **how):
        for cell in row:
            assert not cell.startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20")), (row, content)


def test_numbers_stay_numbers():
    assert to_csv(pd.DataFrame({"n": [-1.5, 2]})) == "n\n-1.5\n2.0\n"


@pytest.mark.parametrize(
    "tags", [[], ["a"], ["a", "b c"], ["a,b", 'say "x"'], ["=1", "ö"], ["two\nlines", "c"]]
)
def test_tags_come_back_as_they_were(tags):
    assert split_tags(join_tags(tags)) == tags


def test_tags_that_somebody_typed_are_tidied():
    assert split_tags(" a ,b,,a ") == ["a", "b"]
