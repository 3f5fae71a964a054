"""The page on which a person strikes out phrases of a model, as a file in a real Chromium."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from fieldmarks.precompute.captioning.words import PhraseTable, review_page
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from tests.support.browser import find_chromium, page_of
from tests.support.picture_folders import write_classes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("default"),  # Playwright's own sockets
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium found"),
]
PHRASES = [f"{colour} <sole> {i}" for i, colour in enumerate(("red", "blue", "grey", "black"))]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phrases")
    write_classes(folder / "shop", 8)
    dataset = read_dataset(DataSource(folder / "shop"))
    p = np.random.default_rng(0).random((24, 4)).astype(np.float32)
    table = PhraseTable(PHRASES, p, np.full(4, 0.5), np.array([4.0, 3.0, 2.5, 2.1]))
    file = folder / "words.html"
    file.write_text(review_page(dataset, table, "Words by a model"), "utf-8")
    return file.as_uri()


@pytest.fixture(params=["light", "dark"])
def page(browser, address, request):
    with page_of(browser, 1000, 500, color_scheme=request.param) as page:
        page.goto(address)
        yield page


def test_phrases_are_struck_out_and_saved_by_keyboard(page):
    page.keyboard.press("Tab")
    for is_struck in (True, False, True, False):
        page.keyboard.press("Tab")
        box = page.locator(":focus")
        header = page.locator("header").bounding_box()
        assert box.bounding_box()["y"] >= header["y"] + header["height"], "not behind the header"
        if is_struck:
            page.keyboard.press("Space")
    expect(page.locator("#n")).to_have_text("2")
    expect(page.locator(".rows:visible")).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save struck.txt").press("Enter")
    assert download.value.suggested_filename == "struck.txt"
    assert download.value.path().read_text().splitlines() == [PHRASES[0], PHRASES[2]]


def test_it_is_readable_for_all_and_on_small_screens(page):
    found = [each for each in Axe().run(page).response["violations"]
             if each["impact"] in ("critical", "serious")]  # fmt: skip
    assert not found, [(each["id"], each["nodes"][0]["html"][:200]) for each in found]
    page.get_by_role("checkbox", name=f"Strike out {PHRASES[1]}").wait_for()
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    sizes = page.locator("img").evaluate_all("images => images.map(image => image.naturalWidth)")
    assert len(sizes) == 4 * 18
    assert all(sizes)
