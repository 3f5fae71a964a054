"""The path of clicks of a person who debugs a network, in a real Chromium."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.support.browser import PICTURE_WIDTH, lent, page_of, serve_at_once, settle
from tests.support.live_run import write_live_run
from tests.support.synthetic_run import write_synthetic_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("default"),  # Playwright's own sockets
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    runs = tmp_path_factory.mktemp("browser")
    write_synthetic_run(runs, "first", X=120, F=24, T=40, C=6, H=7, W=7, R=12)
    write_synthetic_run(runs, "second", X=60, seed=1)
    write_live_run(runs, "live", H=7, W=7)
    with serve_at_once(runs) as server:
        yield server


@pytest.fixture(scope="module")
def tab(browser, server):
    with page_of(browser) as tab:
        yield tab


@pytest.fixture
def page(tab, server):
    with lent(tab) as page:
        page.goto(f"{server.url}/?run=first")
        settle(page)
        yield page


def on(page, pattern: str) -> None:
    """Wait until the address is as the pattern says and the page is drawn."""
    page.wait_for_url(re.compile(pattern))
    settle(page)


def shows(page, title: str) -> None:
    """Wait for the page of that title."""
    page.get_by_role("heading", level=1, name=re.compile(title)).wait_for()


def in_focus(page, phrase: str) -> None:
    """Wait until the word of a sentence is the one whose evidence is on show."""
    page.locator("a.word.active", has_text=phrase).first.wait_for()


def test_a_person_follows_a_confusion_to_the_classes_and_back(page):
    page.locator(".ranking a").first.click()
    on(page, r"/images\?.*true=\d+&predicted=\d+")

    page.locator("a.frame").first.click()
    on(page, r"x=\d+")
    image = page.url

    word = page.locator("a.word:not(.active)").first
    phrase = word.inner_text()
    word.click()
    on(page, r"&t=")
    in_focus(page, phrase)
    heatmap = page.locator("img.layer").first
    assert heatmap.evaluate(PICTURE_WIDTH) > 0

    page.get_by_role("heading", name="Filters that tip the decision").wait_for()
    page.locator("a.row:has(.pictured)").last.click()
    on(page, r"/filters\?.*f=\d+")
    shows(page, "^Filter ")
    page.locator(".js-plotly-plot").first.wait_for()

    page.get_by_role("heading", name="Largest class weights").wait_for()
    page.locator('ol.ranking a[href*="classes"]').first.click()
    on(page, r"/classes\?.*c=\d+")
    page.get_by_role("link", name="All classes").wait_for()

    page.go_back()
    on(page, r"/filters\?.*f=\d+")
    shows(page, "^Filter ")
    page.go_back()
    on(page, r"&t=")
    in_focus(page, phrase)
    page.go_back()
    page.wait_for_url(image)
    page.go_back()
    on(page, r"/images\?.*true=\d+&predicted=\d+$")
    page.go_back()
    on(page, r"/\?run=first$")
    shows(page, "first")


def test_a_link_opens_the_same_state_for_a_colleague(page, browser):
    page.locator(".ranking a").first.click()
    on(page, r"/images\?")
    page.locator("a.frame").first.click()
    on(page, r"x=\d+")
    word = page.locator("a.word:not(.active)").first
    phrase = word.inner_text()
    word.click()
    in_focus(page, phrase)
    colleague = browser.new_page()
    colleague.goto(page.url)
    settle(colleague)
    in_focus(colleague, phrase)
    colleague.close()


def test_next_and_previous_work_by_keyboard(page):
    page.get_by_role("link", name="Images", exact=True).click()
    on(page, r"/images\?run=first$")
    page.locator("a.frame").first.click()
    on(page, r"x=\d+")
    first = page.url
    page.get_by_role("button", name="Next").wait_for()
    page.locator("body").press("n")
    page.wait_for_function("first => location.href !== first", arg=first)
    settle(page)
    page.locator("body").press("p")
    page.wait_for_url(first)


def test_a_click_on_a_bar_grounds_the_attribute(page):
    page.get_by_role("link", name="Images", exact=True).click()
    on(page, r"/images\?")
    page.locator("a.frame").first.click()
    on(page, r"x=\d+")
    bar = page.locator("a.row:has(.bar.second):not(:has(.pictured))").last
    phrase = bar.locator(".label").inner_text()
    bar.click()
    on(page, r"[?&]t=")
    page.locator("a.row[aria-current]", has_text=phrase).wait_for()


def test_words_are_reached_by_tab_and_followed_by_enter(page):
    page.get_by_role("link", name="Images", exact=True).click()
    on(page, r"/images\?")
    page.locator("a.frame").first.focus()
    page.keyboard.press("Enter")
    on(page, r"x=\d+")
    page.locator("a.word:not(.active)").first.focus()
    page.keyboard.press("Enter")
    on(page, r"&t=")


def test_the_search_field_completes_what_is_typed(page):
    page.get_by_role("link", name="Images", exact=True).click()
    on(page, r"/images\?")
    field = page.get_by_role("combobox", name=re.compile("Search for attributes"))
    field.press_sequentially("yel")
    page.get_by_role("option").first.wait_for()
    expect(page.get_by_role("option").first).to_have_text(re.compile("^yellow"))
    field.press("ArrowDown")
    field.press("Enter")
    on(page, r"q=yellow")
    page.locator("figure.card, .ranking a").first.wait_for()
    expect(field).to_have_value(re.compile("^yellow"))


def test_opacity_changes_without_the_server(page):
    page.goto(page.url.replace("/?run=first", "/grounding?run=first&x=3"))  # its old address
    on(page, r"tab=grounding")
    layer = page.locator("img.layer").first
    before = layer.evaluate("image => getComputedStyle(image).opacity")
    page.locator("input[type=range]").first.fill("0.2")
    assert layer.evaluate("image => getComputedStyle(image).opacity") == "0.2" != before


def test_an_uploaded_picture_is_explained_and_stays_while_its_words_are_followed(page, tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (900, 1200, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.png")  # 3 MB
    page.goto(page.url.replace("?run=first", "try?run=live"))
    settle(page)
    page.set_input_files("input[type=file]", tmp_path / "large.png")
    page.get_by_role("heading", name="Class probabilities").wait_for()
    settle(page)
    layer = page.locator("img.layer").first
    assert layer.evaluate(PICTURE_WIDTH) > 0

    word = page.locator("a.word:not(.active)").first
    phrase = word.inner_text()
    word.click()
    on(page, r"&t=")
    in_focus(page, phrase)

    page.locator('ol.ranking a[href*="versus"]').last.click()
    on(page, r"versus=\d+")
    page.get_by_role("heading", name="Nearest training pictures").wait_for()

    page.set_input_files("input[type=file]", Path(__file__))
    page.get_by_text("files are not allowed").wait_for()


def test_two_runs_can_be_switched(page):
    page.get_by_role("combobox").first.click()
    page.get_by_role("option", name="second").click()
    on(page, r"run=second")
    shows(page, "second")


def test_a_person_sorts_filters_and_reads_the_distribution_of_one(page):
    page.get_by_role("link", name="Filters", exact=True).click()
    on(page, r"/filters\?")
    page.get_by_role("combobox", name=re.compile("Sort")).click()
    page.get_by_role("option", name="usage").click()
    on(page, r"sort=usage")
    page.locator("figcaption", has_text="of the evidence").first.wait_for()

    page.locator("a.frame").first.click()
    on(page, r"[?&]f=\d+")
    shows(page, "^Filter ")
    page.get_by_text(re.compile("predict")).first.wait_for()
    page.locator("span.label", has_text=re.compile("here|elsewhere")).first.wait_for()

    bar = page.locator(".js-plotly-plot .trace.bars").last.locator(".point path").nth(2)
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
    on(page, r"[?&]t=")
    page.locator(".js-plotly-plot").first.wait_for()

    page.get_by_text("Whole images").click()
    on(page, r"view=whole")
    page.go_back()
    page.go_back()
    on(page, r"[?&]f=\d+$")
    page.go_back()
    on(page, r"sort=usage")


def test_filters_are_found_by_a_part_of_a_word_and_counted_once(page):
    page.get_by_role("link", name="Filters", exact=True).click()
    on(page, r"/filters\?")
    page.get_by_role("radio", name="Unnamed").wait_for()
    names = page.get_by_role("radio").all_inner_texts()
    total, *parts = [int(re.search(r"\d+$", name).group()) for name in names]
    assert total == sum(parts)
    page.get_by_role("textbox", name="Search").fill("win")
    page.keyboard.press("Enter")
    on(page, r"q=win$")
    page.get_by_text("best match").first.wait_for()
    n_listed = page.locator("a.frame").count()
    page.get_by_text(f"{n_listed} of {total} filters").wait_for()
    assert 0 < n_listed < total
    page.locator("a.frame").first.click()
    on(page, r"f=\d+&t=\w+\+wing$")


def test_the_header_is_one_line_on_a_small_laptop(page, server):
    page.set_viewport_size({"width": 1280, "height": 720})
    for longest in ("corruptions", "images", "experiments"):
        page.goto(f"{server.url}/{longest}?run=second")
        settle(page)
        assert page.locator(".st-key-header").bounding_box()["height"] < 50, longest


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes_are_readable(tab, server, scheme):
    with lent(tab, color_scheme=scheme) as page:
        page.goto(server.url)
        settle(page)
        ground = page.locator('[data-testid="stApp"]').evaluate(
            "app => getComputedStyle(app).backgroundColor"
        )
    brightness = sum(map(int, re.findall(r"\d+", ground)[:3])) / 3
    assert brightness > 200 if scheme == "light" else brightness < 60


def test_a_quiz_is_answered_by_keys_and_by_clicks_and_back_takes_an_answer_back(page):
    page.goto(page.url.replace("/?run=first", "/lesson?run=first&c=0&versus=2&view=quiz"))
    settle(page)
    page.get_by_text("Picture 1 of").wait_for()
    page.keyboard.press("1")
    on(page, r"answers=1$")
    page.get_by_text("Picture 2 of").wait_for()
    page.get_by_text(re.compile("picture 1 is labelled")).wait_for()
    page.get_by_role("button", name="Class 2").click()
    on(page, r"answers=12$")
    page.get_by_text("Picture 3 of").wait_for()
    page.get_by_text("2 of 2").or_(page.get_by_text("1 of 2")).or_(
        page.get_by_text("0 of 2")
    ).first.wait_for()
    page.go_back()
    on(page, r"answers=1$")
    page.get_by_text("Picture 2 of").wait_for()
