"""A run whose head is of first order says so on every page."""

import pytest

from fieldmarks.core.head import COSINE, FIRST_ORDER, LAYER_NORM, LINEAR, MEANING
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard.image.what_if import HOW_EXACT
from tests.support.first_order_run import write_first_order_run
from tests.support.pages import said, visit


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Run:
    return write_first_order_run(tmp_path_factory.mktemp("first"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        "",
        "failures",
        "failures?x=1",
        "filters?f=1",
        "search",
        "failures?x=1&tab=grounding",
        "classes?c=1",
    ],
)
def test_every_page_says_first_order(made, monkeypatch, page):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(made.folder.parent))
    app = visit(page)
    assert not app.exception
    assert "First order" in said(app)


@pytest.mark.slow
def test_what_if_says_that_it_is_an_estimate(made, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(made.folder.parent))
    app = visit("failures?x=1&tab=what if")
    assert not app.exception
    assert "An estimate: class scores are not linear" in said(app)
    assert "Exact" not in said(app)


def test_every_kind_of_head_says_how_exact_what_if_is():
    assert HOW_EXACT.keys() == MEANING.keys() == {LINEAR, LAYER_NORM, COSINE, FIRST_ORDER}
    assert all(
        text.startswith("Exact") == (kind != FIRST_ORDER) for kind, text in HOW_EXACT.items()
    )
