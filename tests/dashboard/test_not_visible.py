"""Words of a column that pictures do not hold: marked, and said nowhere."""

import numpy as np
import pytest

from fieldmarks.core.explanations.explanation import describe
from fieldmarks.core.run.files import array_path
from fieldmarks.core.run.reading import read_run
from fieldmarks.dashboard import labels
from tests.support.pages import component_data, runs_and_verdicts, said, visit
from tests.support.seen_run import write_seen_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run whose most frequent attribute and another one are seasons, which nothing shows."""
    run = write_seen_run(tmp_path_factory.mktemp("runs"))
    attributes = run.attributes
    hidden = np.argsort(-attributes["n_images"].to_numpy(), kind="stable")[:2]
    is_hidden = np.isin(np.arange(len(attributes)), hidden)
    attributes = attributes.assign(
        property=np.where(is_hidden, "season", attributes["noun"]), is_complete=is_hidden
    )
    attributes.to_parquet(run.folder / "tables" / "attributes.parquet")
    bias = np.array(run.array("presence_bias"))
    bias[hidden] = np.nan
    np.save(array_path(run.folder, "presence_bias"), bias)
    return read_run(run.folder)


@pytest.fixture
def pages(made, monkeypatch):
    with runs_and_verdicts(made.folder.parent, monkeypatch):
        yield


@pytest.fixture
def phrases(made):
    ts = np.flatnonzero(made.attributes["property"] == "season")
    return [labels.phrase(made, int(t)) for t in ts]


def test_no_class_is_described_by_them(made, phrases):
    for c in range(made.sizes["C"]):
        of_class = describe(made, c)
        assert of_class.attributes
        assert not [phrase for phrase in phrases if phrase in of_class.sentence]


def test_the_overview_suggests_none_of_them(pages, phrases):
    (tour,) = component_data(visit(), "overview.tour")
    assert not [phrase for phrase in phrases if phrase in str(tour)]


def test_a_search_for_one_says_why_nothing_is_found(pages, phrases):
    app = visit(f"images?q={phrases[0].replace(' ', '+')}")
    assert f"{phrases[0]}: not visible here" in said(app)
    assert "Pictures do not hold what the column of this word says" in said(app)
    assert "not visible here" not in said(visit("images?q=wrong"))
