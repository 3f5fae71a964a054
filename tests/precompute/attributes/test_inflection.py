"""Inflected forms are stored with a run; what reads a run needs no library for them."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from fieldmarks.precompute.attributes.inflection import plural, singular, with_forms

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("one", "several"),
    [
        ("wing", "wings"),
        ("belly", "bellies"),
        ("foot", "feet"),
        ("leaf", "leaves"),
        ("rectrix", "rectrices"),
    ],
)
def test_nouns_are_inflected_there_and_back(one, several):
    assert plural(one) == several
    assert singular(several) == one


def test_each_attribute_has_the_forms_of_its_sentence():
    rows = [
        ("orange", "bill", "pair", "one"),
        ("black", "foot", "pair", "several"),
        ("grey", "plumage", "pair", "mass"),
        ("", "eye ring", "noun", "one"),
        ("for men", "gender", "is", "one"),
        ("vintage", "tags", "tag", "one"),
    ]
    table = with_forms(pd.DataFrame(rows, columns=["adjective", "noun", "kind", "number"]))
    assert table["article"].tolist() == ["an", "", "", "an", "", ""]
    assert table["plural"].tolist() == ["bills", "feet", "plumages", "eye rings", "", ""]


@pytest.mark.parametrize("read", ["core.search.vocabulary", "core.explanations.explanation"])
def test_what_reads_a_run_imports_no_library_of_inflections(read):
    code = (
        f"import importlib, sys; sys.path.insert(0, {str(ROOT)!r})\n"
        f"importlib.import_module('fieldmarks.{read}')\n"
        "print(sorted({'inflect', 'typeguard'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr[-2000:]
