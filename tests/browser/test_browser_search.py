"""From a search to its images and back, in a real Chromium."""

import re

import pytest
from playwright.sync_api import expect

from fieldmarks.core.search.search import search
from tests.support.browser import find_chromium, open_page, settle
from tests.support.seen_run import write_seen_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # Playwright's own sockets
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium found"),
]
PLACE = 300  # pixels that a list was scrolled by


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_seen_run(tmp_path_factory.mktemp("browser_search"))


@pytest.fixture(scope="module")
def page(browser, run):
    with open_page(browser, run.folder.parent, width=1280, height=720) as page:
        yield page


def found(page, run) -> list[int]:
    """Open a search; return the images that it finds."""
    phrase = run.attributes["phrase"].iloc[0]
    page.goto(f"{page.base}/images?q={phrase.replace(' ', '+')}")
    settle(page)
    page.get_by_text("Number: how certain").wait_for()
    return search(run, phrase).xs.tolist()


def opened(page, x: int) -> None:
    """Wait until an image is on show."""
    page.get_by_role("heading", level=1, name=f"Image {x}", exact=True).wait_for()


def at_place(page) -> None:
    """Wait until the list is where it was left."""
    page.wait_for_function(
        "place => Math.abs(document.querySelector('[data-testid=stMain]').scrollTop - place) < 3",
        arg=PLACE,
    )


@pytest.mark.parametrize("way", ["Back", "link"])
def test_previous_and_next_walk_the_result_and_the_way_back_leads_to_its_place(page, run, way):
    xs = found(page, run)
    main = page.locator("[data-testid=stMain]")
    page.locator("a.frame").nth(11).wait_for()
    main.evaluate("(main, place) => main.scrollTo({ top: place })", PLACE)
    page.locator("a.frame").nth(8).click()
    opened(page, xs[8])
    if way == "Back":
        page.go_back()
        at_place(page)
        return
    page.get_by_role("button", name="Next").click()
    opened(page, xs[9])
    page.get_by_text(f"10 of {len(xs)}").wait_for()
    page.get_by_role("button", name="Previous").click()
    opened(page, xs[8])
    page.get_by_role("link", name=f"All {len(xs)}").first.click()
    page.get_by_text("Number: how certain").wait_for()
    at_place(page)


def test_an_attribute_is_picked_from_all_that_there_are_and_added_to_the_search(page, run):
    found(page, run)
    page.get_by_role("button", name="What can be searched").click()
    noun, phrase = run.attributes["noun"].iloc[1], run.attributes["phrase"].iloc[1]
    page.get_by_role("searchbox", name="Find in the list").fill(noun[:3])
    pick = page.locator("details a", has_text=phrase)
    pick.wait_for()
    expect(pick).to_have_text(re.compile(rf"{run.attributes['n_images'].iloc[1]:,}$"))
    pick.click()
    page.wait_for_url(re.compile(r"q=.*%2C"))
    both = search(run, f"{run.attributes['phrase'].iloc[0]}, {phrase}")
    page.get_by_text(f"{len(both.xs)} of {int(run.is_test.sum())} test images").wait_for()


def test_an_image_leads_to_more_like_it_and_they_are_walked_too(page, run):
    x = int(run.failures[0])
    page.goto(f"{page.base}/images?x={x}")
    settle(page)
    page.get_by_role("link", name="More like this").first.click()
    page.wait_for_url(re.compile(rf"/images\?.*like={x}$"))
    page.get_by_text(f"activations with those of image {x}").wait_for()
    page.locator("a.frame").first.click()
    page.get_by_role("heading", level=1, name=re.compile(r"^Image \d+$")).wait_for()
    page.get_by_text(f"1 of {int(run.is_test.sum()) - 1}").wait_for()
