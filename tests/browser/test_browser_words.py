"""From a failure to a word, its heatmap and its marks, in a real Chromium."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.browser import PICTURE_WIDTH, find_chromium, lent, page_of, serve_at_once, settle
from tests.support.seen_run import write_seen_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("default"),  # Playwright's own sockets
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium found"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_seen_run(tmp_path_factory.mktemp("browser_words"))


@pytest.fixture(scope="module")
def server(run):
    with serve_at_once(run.folder.parent) as server:
        yield server


@pytest.fixture(scope="module")
def tab(browser):
    with page_of(browser) as tab:
        yield tab


@pytest.fixture(params=["light", "dark"])
def page(tab, server, run, request):
    with lent(tab, color_scheme=request.param) as page:
        page.goto(f"{server.url}/failures?x={int(run.failures[0])}")
        settle(page)
        yield page


def heatmap_of(page, phrase: str) -> None:
    """Wait until the heatmap of an attribute is on show."""
    page.get_by_role("img", name=f"Heatmap of {phrase}").wait_for()
    assert page.locator("img.layer").first.evaluate(PICTURE_WIDTH) > 0


def test_a_word_leads_to_its_heatmap_and_says_what_speaks_for_it(page):
    chip = page.locator("dd a.word:not(.active)").first
    phrase = chip.inner_text()
    expect(chip).to_have_attribute("title", re.compile("seen.*of what counts for|not seen here"))
    expect(chip.locator(".pie")).to_have_count(1)
    chip.click()
    page.wait_for_url(re.compile(r"[?&]t="))
    settle(page)
    page.locator("dd a.word.active", has_text=phrase).wait_for()
    heatmap_of(page, phrase)
    expect(page.get_by_text("how likely it is seen here")).to_have_count(1)  # one legend


def test_words_are_followed_by_keyboard(page):
    chip = page.locator("dd a.word:not(.active)").last
    phrase = chip.inner_text()
    chip.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"[?&]t="))
    settle(page)
    heatmap_of(page, phrase)


def test_the_pictures_stay_in_sight_while_the_page_is_read(page):
    picture = page.locator("img.photo").first
    page.locator("[data-testid=stMain]").evaluate("main => { main.scrollTop = 500; }")
    page.wait_for_timeout(300)
    assert 0 <= picture.bounding_box()["y"] < 100


def test_on_a_phone_nothing_scrolls_sideways_and_filters_keep_their_names(page):
    page.set_viewport_size({"width": 390, "height": 844})
    settle(page)
    wide = page.evaluate(
        "() => { const main = document.querySelector('[data-testid=stMain]');"
        "return main.scrollWidth - main.clientWidth; }"
    )
    assert wide <= 0
    name = page.locator(".pictured .name").first.bounding_box()
    assert name["width"] > 60
