"""What a click sends to the browser: pictures first, and nothing large twice."""

import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.dashboard.causes import slice_list, suspected
from fieldmarks.dashboard.components import gallery
from fieldmarks.dashboard.image import diagnosis_card, sections
from fieldmarks.dashboard.images import grid, sidebar
from fieldmarks.dashboard.repair import baselines, fits, recipe_form, suggested
from tests.support.pages import component_data, said, visit

pytestmark = pytest.mark.slow
LINK = "images?run=synthetic"


@pytest.fixture(autouse=True)
def place(run, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(run.folder.parent))


def recorded(monkeypatch, *functions: tuple[object, str]) -> list[str]:
    """Let functions of modules note their names as they are called."""
    called: list[str] = []
    for module, name in functions:
        real = getattr(module, name)
        said_as = f"{module.__name__.rpartition('.')[2]}.{name}"

        def noted(*args, real=real, said_as=said_as, **kwargs):
            called.append(said_as)
            return real(*args, **kwargs)

        monkeypatch.setattr(module, name, noted)
    return called


def test_pictures_of_a_list_are_sent_before_its_filters(monkeypatch):
    called = recorded(monkeypatch, (gallery, "show"), (gallery, "drawn_first"), (sidebar, "show"))
    assert not visit(LINK).exception
    assert called[:3] == ["gallery.show", "gallery.drawn_first", "sidebar.show"]


def test_pictures_of_an_image_are_sent_before_what_is_said_of_it(run, monkeypatch):
    called = recorded(
        monkeypatch, (sections, "pictures"), (gallery, "drawn_first"), (diagnosis_card, "cause")
    )
    assert not visit(f"{LINK}&x={run.failures[0]}").exception
    assert called[:3] == ["sections.pictures", "gallery.drawn_first", "diagnosis_card.cause"]


def test_causes_stand_before_slices_are_sought(faulty, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(faulty.folder.parent))
    called = recorded(monkeypatch, (suspected, "show"), (slice_list, "slices"))
    assert not visit("causes?run=faulty").exception
    assert called == ["suspected.show", "slice_list.slices"]


def test_repair_fits_nothing_and_stands_before_repairs_are_sought(faulty, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(faulty.folder.parent))
    monkeypatch.setattr(baselines, "AT_ONCE", 0)  # as of a large run
    called = recorded(
        monkeypatch,
        (fits, "made_once"),
        (recipe_form, "form"),
        (baselines, "asked_for"),
        (suggested, "suggestions"),
    )
    app = visit("repair?run=faulty")
    assert "Fit the baselines" in [button.label for button in app.button]
    assert called == ["recipe_form.form", "baselines.asked_for", "suggested.suggestions"]


def test_a_list_that_cannot_be_drawn_leaves_its_filters(monkeypatch):
    def broken(*_) -> None:
        raise DataError("no list today")

    monkeypatch.setattr(grid, "show", broken)
    app = visit(LINK)
    assert "no list today" in said(app)
    assert {"Sort", "True class"} <= {box.label for box in app.selectbox}


def test_the_words_that_are_offered_are_the_same_for_every_list():
    """Streamlit sends what the browser has by its digest; else it is 160 kB a click."""
    lists = ("", "&show=all", "&show=right&true=0&sort=least+confident", "&page=2")
    boxes = [component_data(visit(LINK + more), "search.box") for more in lists]
    assert boxes[0]
    assert all(box == boxes[0] for box in boxes)
