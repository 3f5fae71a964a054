"""Links drop what they do not name; what a list was chosen by can be taken away, in Chromium."""

import re
from contextlib import closing

import pytest
from playwright.sync_api import expect

from fieldmarks.core.review.saved_groups import SavedGroup, SavedGroups
from tests.support.browser import find_chromium, follow, open_page, settle
from tests.support.synthetic_run import write_synthetic_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # Playwright's own sockets
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium found"),
]
GROUP = "odd ones"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    runs = tmp_path_factory.mktemp("browser_links")
    run = write_synthetic_run(runs, "first", X=120, F=24, T=40, C=6, H=7, W=7, R=12)
    paths = tuple(run.images["path"].iloc[run.failures[:3]])
    with closing(SavedGroups(f"sqlite:///{runs}/verdicts.sqlite")) as groups:
        groups.save(SavedGroup(run.manifest["dataset"], GROUP, paths, run.name))
    return run


@pytest.fixture(scope="module")
def page(browser, run):
    with open_page(browser, run.folder.parent) as page:
        yield page


def go(page, link: str) -> None:
    if page.url.startswith(page.base):
        follow(page, f"{page.base}/{link}")
        return
    page.goto(f"{page.base}/{link}")
    settle(page)


#: A state, the link to click in it, and the address that it leads to.
CLICKS = {
    "the list of an image": ("images?run=first&x=1&t=red+head&c=2", r"All \d+", "images?run=first"),
    "its view stays": (
        "images?run=first&view=table&x=1",
        r"All \d+",
        "images?run=first&view=table",
    ),
    "the list of a filter": (
        "filters?run=first&f=3&t=red+head&estimator=literal",
        "All filters",
        "filters?run=first",
    ),
    "the next filter": ("filters?run=first&f=3&t=red+head", "Next", "filters?run=first&f=4"),
    "Images": ("images?run=first&x=1&q=red", "Images", "images?run=first"),
    "Filters": ("filters?run=first&f=3", "Filters", "filters?run=first"),
    "Classes": ("classes?run=first&c=3&versus=1", "Classes", "classes?run=first"),
    "Overview": ("images?run=first&saved=odd+ones", "Overview", "?run=first"),
}


@pytest.mark.parametrize("state", CLICKS)
def test_a_link_leads_to_what_it_names_and_nothing_else(page, state):
    opened, name, wanted = CLICKS[state]
    go(page, opened)
    page.get_by_role("link", name=re.compile(f"^{name}$")).first.click()
    page.wait_for_url(f"{page.base}/{wanted}")
    settle(page)
    expect(page).to_have_url(f"{page.base}/{wanted}")
    page.reload()  # the address says what is on show
    settle(page)
    page.go_back()
    page.wait_for_url(f"{page.base}/{opened}")


def test_after_the_list_the_next_click_does_not_open_the_image_again(page):
    go(page, "images?run=first&x=1")
    page.get_by_role("link", name=re.compile(r"^All \d+$")).first.click()
    page.get_by_role("heading", level=1, name="Failures").wait_for()
    page.get_by_text("Right", exact=True).click()
    page.wait_for_url(re.compile("show=right"))
    page.get_by_role("heading", level=1, name="Images classified correctly").wait_for()
    assert "x=" not in page.url


def test_a_link_with_a_modifier_opens_a_tab_of_its_own(page):
    go(page, "filters?run=first&f=3")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="All filters").first.click(modifiers=["Control"])
    opened.value.wait_for_url(f"{page.base}/filters?run=first")
    opened.value.close()
    assert page.url == f"{page.base}/filters?run=first&f=3"


@pytest.mark.parametrize("way", ["chip", "box"])
def test_a_saved_group_is_taken_away(page, run, way):
    go(page, "images?run=first&saved=odd+ones&show=all")
    page.get_by_text(f"3 of {int(run.is_test.sum())} test images").wait_for()
    if way == "chip":
        page.get_by_role("link", name=f"Remove Group: {GROUP}").click()
    else:
        box = page.locator('[data-testid="stSelectbox"]', has_text="Saved group")
        box.get_by_role("button", name=re.compile("clear", re.I)).click()
    page.wait_for_url(f"{page.base}/images?run=first&show=all")
    settle(page)
    every = int(run.is_test.sum())
    page.get_by_text(f"{every} of {every} test images").wait_for()
