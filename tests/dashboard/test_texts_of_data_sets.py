"""No text of pages or scores is about one data set: examples come from the run's own words."""

import ast

import pytest

from fieldmarks.dashboard.components import query_box
from tests.support.browser import ROOT

#: Words of the data sets that Fieldmarks is developed with.
WORDS = ("bird", "wingbar", "belly", "bill", "yellow", "painted", "fenwick", "albatross", "sleeve")
#: An experiment on such pictures alone says so, and colours have names.
ONLY = ("dashboard/experimental/pages/experiments.py", "core/causes/background_looks.py")
FILES = sorted(
    path
    for part in ("dashboard", "core/scores", "core/causes", "core/review", "core/explanations")
    for path in (ROOT / part).rglob("*.py")
    if str(path.relative_to(ROOT)) not in ONLY and "__pycache__" not in path.parts
)


def texts(source: str) -> list[str]:
    """Return the strings of a module but its docstrings."""
    tree = ast.parse(source)
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documented
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_of_a_page_is_about_one_data_set(path):
    found = [
        (word, text)
        for text in texts(path.read_text("utf-8"))
        for word in WORDS
        if word in text.lower().replace("_", " ").split()
        or f"{word}s" in text.lower().replace("_", " ").split()
    ]
    assert not found


def test_the_example_of_a_search_is_in_words_of_the_run(run):
    attribute, excluded = query_box.example(run).split(", ")
    phrases = set(run.attributes["phrase"])
    assert attribute in phrases
    assert excluded.removeprefix("not ") in phrases
