"""Cells that no spreadsheet runs, and that come back as they were."""

import csv
import io

import pandas as pd
import pytest

from fieldmarks.core.review.spreadsheet import join_tags, split_tags, to_csv, unescaped

TEXTS = [
    "plain", "=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\n=x", "'=1", "''=1", "'tis", "''", "",
    'with "quotes", and a comma', "two\nlines", "ö =1", "= ", "'",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_comes_back_as_it_was_and_is_no_formula(text):
    content = to_csv(pd.DataFrame({"note": [text], "n": [1]}))
    cell = list(csv.reader(io.StringIO(content, newline="")))[1][0]
    assert unescaped(cell) == text
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_numbers_stay_numbers():
    assert to_csv(pd.DataFrame({"n": [-1.5, 2]})) == "n\n-1.5\n2.0\n"


@pytest.mark.parametrize(
    "tags", [[], ["a"], ["a", "b c"], ["a,b", 'say "x"'], ["=1", "ö"], ["two\nlines", "c"]]
)
def test_tags_come_back_as_they_were(tags):
    assert split_tags(join_tags(tags)) == tags


def test_tags_that_somebody_typed_are_tidied():
    assert split_tags(" a ,b,,a ") == ["a", "b"]
