"""The slices on the page of causes: sentences, and what each opens."""

import pytest

from fieldmarks.core.causes.slices import sentence, slice_key, slices
from tests.support.pages import component_data, page_links, runs_and_verdicts, said, visit
from tests.support.sliced_run import write_sliced_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a run with a slice, beside a second one."""
    return write_sliced_run(tmp_path_factory.mktemp("runs"))


@pytest.fixture(autouse=True)
def place(run, monkeypatch):
    with runs_and_verdicts(run.folder.parent, monkeypatch):
        yield


def test_each_slice_is_a_sentence_with_its_interval_and_its_failures(run):
    page = visit("causes?run=faulty")
    assert not page.exception
    first = slices(run).found[0]
    assert "less sharp" in sentence(run, first)
    shown = said(page).replace("\\", "")
    assert sentence(run, first) in shown
    assert "95 % interval" in shown
    assert component_data(page, "slices.0.pictures")[0]["items"]


def test_a_slice_opens_its_images_and_can_be_left(run):
    first = slices(run).found[0]
    page = visit(f"images?run=faulty&show=all&slice={slice_key(run, first)}")
    assert not page.exception
    (shown,) = component_data(page, "images.gallery")
    assert len(shown["items"]) == first.n


def test_a_slice_that_is_gone_is_told(run):
    page = visit("images?run=faulty&slice=9-|captions%20blue%20sky")
    assert not page.exception
    shown = said(page) + " ".join(toast.value for toast in page.toast)
    assert "does not have" in shown


def test_a_slice_is_saved_as_a_group(run):
    from fieldmarks.dashboard.verdicts import dataset, saved_groups

    page = visit("causes?run=faulty")
    page.text_input("slices.0.group").input("blurred")
    page.button("FormSubmitter:slices.0.save-Save").click().run()
    assert not page.exception
    group = saved_groups().get(dataset(run), "blurred")
    assert len(group.paths) == slices(run).found[0].n


def test_a_slice_has_a_repair_that_is_a_link(run):
    page = visit("causes?run=faulty")
    (first, *_) = [link for link in page_links(page) if "epair" in link.label]
    preview = visit(f"repair?{first.query_string}")
    assert not preview.exception
    assert "Broken" in [metric.label for metric in preview.metric]


def test_a_slice_and_a_saved_group_are_rows_and_filters_of_compare(run):
    first = slices(run).found[0]
    page = visit("causes?run=faulty")
    link = next(each for each in page_links(page) if each.label == "Compare")
    compared = visit(f"compare?{link.query_string}")
    assert not compared.exception
    assert f"Of these {first.n} images **{first.n_right}** are right" in said(compared)
    page = visit("causes?run=faulty")
    page.text_input("slices.0.group").input("compared")
    page.button("FormSubmitter:slices.0.save-Save").click().run()
    grouped = visit("compare?run=faulty&with=second&saved=compared&tab=Groups")
    assert not grouped.exception
    assert f"Of these {first.n} images **{first.n_right}** are right" in said(grouped)
    table = grouped.dataframe[0].value
    assert table["kind"].iloc[0] == "group"
    assert "compared" in set(table["name"])
    assert "slice" in set(table["kind"])
