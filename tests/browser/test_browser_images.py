"""From the confusion matrix, Compare and the map to images, in a real Chromium."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.support.browser import PICTURE_WIDTH, find_chromium, lent, page_of, serve_at_once, settle
from tests.support.second_run import write_second_run
from tests.support.synthetic_run import write_synthetic_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("default"),  # Playwright's own sockets
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium found"),
]


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    runs = tmp_path_factory.mktemp("browser_images")
    first = write_synthetic_run(runs, "first", X=120, F=24, T=40, C=6, H=7, W=7, R=12)
    write_second_run(first, runs, "after")
    return first


@pytest.fixture(scope="module")
def server(first):
    with serve_at_once(first.folder.parent) as server:
        yield server


@pytest.fixture(scope="module")
def tab(browser):
    with page_of(browser) as tab:
        yield tab


@pytest.fixture
def page(tab):
    with lent(tab) as page:
        yield page


def on(page, pattern: str) -> None:
    """Wait until the address is as the pattern says and the page is drawn."""
    page.wait_for_url(re.compile(pattern))
    settle(page)


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_a_cell_of_the_confusion_matrix_opens_its_failures(page, server, way):
    page.goto(f"{server.url}/images?run=first&view=confusion")
    settle(page)
    canvas = page.locator("canvas[data-painted]")
    canvas.wait_for()
    canvas.focus()
    page.keyboard.press("ArrowDown")  # the first filled cell, then along its row
    told = page.locator(".tip")
    for key in 3 * ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
        true, predicted = told.locator("div").first.inner_text().split(" → ")
        if true != predicted:
            break
        page.keyboard.press(key)
    assert true != predicted
    if way == "keyboard":
        page.keyboard.press("Enter")
    else:
        place = told.bounding_box()
        # the note stands below and right of its cell
        page.mouse.click(place["x"] - 6 - 10, place["y"] - 6 - 10)
    on(page, r"/images\?(?=.*true=\d+)(?=.*predicted=\d+)")
    page.get_by_role("heading", level=1, name="Failures").wait_for()
    page.locator("a.frame").first.wait_for()


def test_two_runs_lead_to_the_two_sentences_of_one_image(page, server):
    page.goto(f"{server.url}/compare?run=first")
    settle(page)
    page.locator("a.frame").first.click()
    on(page, r"/compare\?.*x=\d+")
    page.get_by_text("Words gained").wait_for()
    page.get_by_text("Words lost").wait_for()


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_a_row_of_the_table_opens_its_image_and_back_leads_back(page, server, way):
    page.goto(f"{server.url}/images?run=first&view=table")
    settle(page)
    rows = page.locator("tbody tr")
    rows.nth(1).wait_for()
    x = rows.nth(1).locator("td").nth(1).inner_text()
    assert rows.nth(1).locator("img").evaluate(PICTURE_WIDTH) > 0
    if way == "mouse":
        rows.nth(1).locator("td").nth(4).click()
    else:
        rows.nth(0).locator("a").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
    on(page, rf"/images\?run=first&view=table&x={x}$")
    page.get_by_role("heading", level=1, name=f"Image {x}", exact=True).wait_for()
    page.go_back()
    on(page, r"view=table$")
    rows.nth(1).wait_for()


def test_a_heading_of_the_table_sorts_the_whole_list_and_says_which_way(page, server):
    page.goto(f"{server.url}/images?run=first&view=table&show=all")
    settle(page)
    for order, way in (("least", "ascending"), ("most", "descending")):
        page.get_by_role("columnheader", name="Confidence").get_by_role("link").click()
        page.locator(f'th[aria-sort="{way}"]', has_text="Confidence").wait_for()
        assert (f"sort={order}+confident" in page.url) or order == "most"
    first, last = (
        float(page.locator("tbody tr").nth(i).locator("td").nth(3).inner_text()) for i in (0, -1)
    )
    assert first > last


def opened_map(page, server):
    """Open the map; return its place once the points are painted."""
    page.set_viewport_size({"width": 1280, "height": 1000})  # the whole map is in sight
    page.goto(f"{server.url}/images?run=first&view=map")
    settle(page)
    points = page.locator("canvas.points[data-painted]")
    points.wait_for()
    return points.bounding_box()


@pytest.mark.parametrize("tool", ["Box", "Lasso"])
def test_a_region_drawn_on_the_map_becomes_a_filter_of_failures(page, server, tool):
    box = opened_map(page, server)
    page.get_by_role("button", name=tool).click()
    left, top = box["x"] + 0.1 * box["width"], box["y"] + 0.1 * box["height"]
    right, bottom = box["x"] + 0.9 * box["width"], box["y"] + 0.9 * box["height"]
    page.mouse.move(left, top)
    page.mouse.down()
    for col, row in ((right, top), (right, bottom), (left, bottom), (left, top + 5)):
        page.mouse.move(col, row, steps=5)
    if tool == "Box":
        page.mouse.move(right, bottom, steps=5)
    page.mouse.up()
    on(page, r"/images\?.*region=\d+-\d+\.")
    page.get_by_text("test images here").wait_for()
    region = page.url.split("region=")[1]
    expect(page.locator("button[aria-pressed=true]", has_text=tool)).to_have_count(1)  # as before
    n_listed = int(page.get_by_text("of 60 test images").inner_text().split()[0])
    for view in ("Table", "Grid"):
        page.get_by_role("radio", name=view).click(force=True)
        listed, others = ("tbody tr", "a.frame") if view == "Table" else ("a.frame", "tbody tr")
        expect(page.locator(listed)).to_have_count(min(n_listed, 50 if view == "Table" else 36))
        expect(page.locator(others)).to_have_count(0)
    page.get_by_role("radio", name="Map").click(force=True)
    page.get_by_text("test images here").wait_for()
    page.get_by_role("link", name="Failures").last.click()
    on(page, rf"/images\?.*region={re.escape(region)}")
    page.locator("a.frame").first.click()
    on(page, r"region=.*x=\d+|x=\d+.*region=")
    page.go_back()
    page.get_by_role("link", name="Remove In a region").click()
    page.wait_for_url(re.compile(r"/images\?(?!.*region=)"))


def places(page, run) -> dict[int, tuple[float, float]]:
    """Return where each image lies on the screen, the whole map being shown."""
    box = page.locator("canvas.points").bounding_box()
    side = 0.98 * min(box["width"], box["height"])
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    return {
        x: (left + side * col, top + side * row)
        for x, (col, row) in enumerate(run.array("layout").tolist())
    }


def loneliest(at: dict[int, tuple[float, float]]) -> int:
    """Return the image that is farthest from any other on the screen."""
    return max(at, key=lambda x: min(np.hypot(*np.subtract(at[x], at[y])) for y in at if y != x))


def test_a_click_on_a_point_of_the_map_opens_its_image_and_back_leads_back(page, server, first):
    opened_map(page, server)
    at = places(page, first)
    x = loneliest(at)
    page.mouse.move(*at[x])
    page.get_by_text(f"image {x}", exact=True).wait_for()
    page.locator('.tip img[src^="data:image/jpeg"]').wait_for()  # its picture, under the pointer
    page.mouse.click(*at[x])
    on(page, rf"/images\?run=first&x={x}$")
    page.get_by_text(f"Image {x}", exact=True).wait_for()
    page.go_back()
    on(page, r"/images\?run=first&view=map$")
    page.locator("canvas.points[data-painted]").wait_for()


def test_the_map_moves_and_zooms_by_mouse_and_keyboard_without_the_server(page, server, first):
    opened_map(page, server)
    at = places(page, first)
    x = loneliest(at)
    points = page.locator("canvas.points")
    page.get_by_role("button", name="Move").click()
    page.mouse.move(*at[x])
    page.mouse.down()
    page.mouse.move(at[x][0] + 60, at[x][1] + 30, steps=4)
    page.mouse.up()
    page.mouse.move(at[x][0] + 61, at[x][1] + 30)
    page.get_by_text(f"image {x}", exact=True).wait_for()  # it moved with the pointer
    for _ in range(4):
        page.mouse.wheel(0, -200)
    page.wait_for_timeout(200)
    page.mouse.move(at[x][0] + 60, at[x][1] + 30)
    page.get_by_text(f"image {x}", exact=True).wait_for()  # the place under the pointer stays
    points.press("0")
    page.wait_for_timeout(200)
    page.mouse.move(*at[x])
    page.get_by_text(f"image {x}", exact=True).wait_for()
    points.press("+")
    points.press("ArrowLeft")
    points.press("b")
    page.locator("button[aria-pressed=true]", has_text="Box").wait_for()
    assert page.url.endswith("/images?run=first&view=map")
