"""A run whose head is of first order says so on every page."""

import pytest

from fieldmarks.core.run.run import Run
from tests.support.first_order_run import write_first_order_run
from tests.support.pages import said, visit


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Run:
    return write_first_order_run(tmp_path_factory.mktemp("first"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    ["", "failures", "failures?x=1", "filters?f=1", "search", "grounding?x=1", "classes?c=1"],
)
def test_every_page_says_first_order(made, monkeypatch, page):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(made.folder.parent))
    app = visit(page)
    assert not app.exception
    assert "First order" in said(app)
