"""What every page has around it: the tab's title, the navigation, the first steps, the focus."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.support.browser import find_chromium, follow, page_of, serve_at_once, settle
from tests.support.second_run import write_second_run
from tests.support.synthetic_run import write_synthetic_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # Playwright's own sockets
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium found"),
]
#: Keeps where the entries of the navigation were in every frame since the page was opened.
WATCH = """
window.placesOfEntries = {};
const watch = () => {
  for (const host of document.querySelectorAll('.st-key-header div')) {
    for (const link of host.shadowRoot?.querySelectorAll('nav a') ?? []) {
      const { left, top } = link.getBoundingClientRect();
      const places = (window.placesOfEntries[link.textContent] ??= []);
      places.push([left, top]);
    }
  }
  requestAnimationFrame(watch);
};
requestAnimationFrame(watch);
"""
IN_FOCUS = """() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return [at.tagName, at.textContent.trim()];
}"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    runs = tmp_path_factory.mktemp("browser_header")
    run = write_synthetic_run(runs, "first", X=120, F=24, T=40, C=6, H=7, W=7, R=12)
    write_second_run(run, runs, "second")
    return run


@pytest.fixture(scope="module")
def server(run):
    with serve_at_once(run.folder.parent) as server:
        yield server


@pytest.fixture
def page(browser, server):
    """Return a page of a browser that has not been here before."""
    with page_of(browser) as page:
        page.base = server.url
        yield page


def go(page, link: str) -> None:
    page.goto(f"{page.base}/{link}")
    settle(page)


def test_each_page_and_each_thing_that_is_opened_has_a_title_of_its_own(page, run):
    links = (
        "?run=first",
        "?run=first&view=about",
        *(f"{name}?run=first" for name in ("images", "try", "causes", "filters", "classes")),
        *(f"{name}?run=first" for name in ("review", "repair", "compare", "corruptions")),
        *("images?run=first&q=red", "images?run=first&show=right"),
        *("images?run=first&x=3", "images?run=first&x=4", "filters?run=first&f=3"),
        *("filters?run=first&f=4", "classes?run=first&c=3", "classes?run=first&c=3&versus=1"),
        f"compare?run=first&with=second&x={run.failures[0]}",
    )
    titles = {}
    go(page, "?run=second")
    for link in links:
        follow(page, f"{page.base}/{link}")
        title = page.title()
        assert title.endswith(" · Fieldmarks"), link
        assert title not in titles, f"{link} and {titles.get(title)}: {title}"
        titles[title] = link
    go(page, "filters?run=first")
    page.locator("a.frame").first.click()
    page.wait_for_function("document.title.startsWith('Filter ')")
    page.go_back()
    page.wait_for_function("document.title.startsWith('Filters')")


@pytest.mark.parametrize("width", [1440, 390])
def test_no_entry_of_the_navigation_moves_while_a_page_is_drawn(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.add_init_script(WATCH)
    for link in ("?run=first", "filters?run=first", "repair?run=first"):
        go(page, link)
        page.get_by_role("navigation", name="Main").wait_for()
        page.wait_for_timeout(500)
        seen = page.evaluate("window.placesOfEntries")
        assert len(seen) >= 8, link
        for text, places in seen.items():
            lefts, tops = zip(*places, strict=True)
            assert max(np.ptp(lefts), np.ptp(tops)) <= 2, (link, text)


def test_entries_stay_where_they_are_from_page_to_page(page):
    places = []
    go(page, "images?run=first&x=3")
    for name in ("Overview", "Images", "Filters", "Improve"):
        follow(page, f"{page.base}/?run=first")
        page.get_by_role("link", name=name, exact=True).first.click()
        page.locator('nav[aria-label="Main"] [aria-current]', has_text=name).wait_for()
        settle(page)
        links = page.get_by_role("navigation", name="Main").get_by_role("link")
        links.last.wait_for()
        places.append([links.nth(i).bounding_box() for i in range(links.count())])
    for other in places[1:]:
        for first, second in zip(places[0], other, strict=True):
            assert abs(first["x"] - second["x"]) <= 2
            assert abs(first["y"] - second["y"]) <= 2


def test_a_menu_is_closed_once_something_is_chosen(page):
    go(page, "?run=first")
    page.get_by_role("combobox", name="Run").click()
    page.get_by_role("option", name="second").click()
    page.wait_for_url("**run=second*")
    settle(page)
    expect(page.get_by_role("option")).to_have_count(0)
    page.get_by_role("link", name="Images", exact=True).click()
    settle(page)
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_the_first_steps_are_closed_for_good_by_one_click(page):
    go(page, "?run=first")
    steps = page.get_by_role("region", name="First steps")
    steps.wait_for()
    expect(steps.get_by_role("listitem")).to_have_count(3)
    steps.get_by_role("button", name="Do not show again").click()
    steps.wait_for(state="detached")
    for link in ("?run=first", "?run=second"):
        go(page, link)
        page.get_by_role("heading", name="Next step").wait_for()  # the last of the page
        page.wait_for_timeout(500)
        assert steps.count() == 0


def test_after_a_link_the_focus_is_on_the_heading_and_never_on_the_body(page):
    go(page, "images?run=first")
    page.locator("a.frame").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**x=*")
    settle(page)
    page.wait_for_function("document.activeElement?.tagName === 'H1'")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Filters").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Filters").wait_for()
    settle(page)
    page.wait_for_timeout(500)
    assert page.evaluate(IN_FOCUS) in (["A", "Filters"], ["H1", "Filters"])
