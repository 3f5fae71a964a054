"""What axe finds on every page in both themes, and what the keyboard and a screen reader need."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from fieldmarks.core.causes.diagnosis import write_diagnoses
from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.run.reading import read_run
from tests.support.browser import find_chromium, follow, page_of, serve_at_once, settle
from tests.support.faulty_run import write_faulty_run
from tests.support.screenshots import states
from tests.support.second_run import write_second_run
from tests.support.seen_run import write_seen_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # Playwright's own sockets
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium found"),
]
#: What a page must not have: by impact, and headings that leave out a level.
IMPACTS, RULES = ("critical", "serious"), ("heading-order", "page-has-heading-one")
#: States of the run with causes, beside those that pictures are taken of.
FURTHER = {
    "compare": "compare?run=faulty&with=second",
    "corruptions": "corruptions?run=faulty",
    "attacks": "attacks?run=faulty",
    "class table": "classes?run=faulty",
    "relation": "filters?run=faulty&view=accuracy",
    "empty": "images?run=faulty&q=purple+zebra",
    "no run": "?run=damaged",
}
#: States that axe looks at on a phone, too.
ON_A_PHONE = ("overview", "about", "failures", "image", "filter", "repair", "review")
#: States of the run that knows what is seen.
OF_SEEN = ("image", "search", "filter", "class")


def with_all_causes(run) -> None:
    """Give the failures of a run one cause after the other, so that each has its card."""
    table = run.table("diagnoses").copy()
    table.loc[run.failures, "pattern"] = [str(each) for each in Pattern][: len(run.failures)]
    table.to_parquet(run.folder / "tables" / "diagnoses.parquet", index=False)


@pytest.fixture(scope="module")
def links(tmp_path_factory):
    runs = tmp_path_factory.mktemp("browser_accessibility")
    faulty = write_faulty_run(runs)
    with_all_causes(write_diagnoses(faulty))
    write_second_run(faulty, runs, "second")
    seen = write_seen_run(runs)
    (runs / "damaged").mkdir()
    (runs / "damaged" / "manifest.json").write_text("{")
    of_seen = states(seen)
    pages = {f"seen {name}": of_seen[name] for name in OF_SEEN}
    with serve_at_once(runs) as server:
        yield {
            name: f"{server.url}/{link}"
            for name, link in (states(read_run(faulty.folder)) | FURTHER | pages).items()
        }


@pytest.fixture(scope="module")
def page(browser, links):
    with page_of(browser) as page:
        page.goto(links["overview"])
        settle(page)
        yield page


def findings(page, scheme: str) -> list[str]:
    """Return what axe finds of the impacts and rules above in a theme, a line a place."""
    page.emulate_media(color_scheme=scheme)
    settle(page)
    ground = page.locator('[data-testid="stApp"]').evaluate(
        "app => getComputedStyle(app).backgroundColor"
    )
    assert (sum(map(int, re.findall(r"\d+", ground)[:3])) > 384) == (scheme == "light")
    violations = Axe().run(page).response["violations"]
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:200]} {node['failureSummary'][:300]}"
        for each in violations
        if each["impact"] in IMPACTS or each["id"] in RULES
        for node in each["nodes"]
    ]


def test_axe_finds_nothing_critical_or_serious_on_any_page(page, links):
    found = {}
    for name, link in links.items():
        follow(page, link)
        for scheme in ("light", "dark"):
            if lines := findings(page, scheme):
                found[name, scheme] = lines
    assert not found, "\n".join(f"{name}: {line}" for name in found for line in found[name][:5])


def test_the_navigation_is_a_landmark_that_says_where_one_is(page, links):
    page.goto(links["filters"])
    settle(page)
    main = page.get_by_role("navigation", name="Main")
    expect(main.locator('[aria-current="page"]')).to_have_text("Filters")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    page.goto(links["repair"])
    settle(page)
    parts = page.get_by_role("navigation", name="Improve")
    expect(parts.locator('[aria-current="page"]')).to_have_text("Repair")


def test_the_entries_are_among_the_first_that_tab_reaches(page, links):
    page.goto(links["overview"])
    settle(page)
    entries = page.get_by_role("navigation", name="Main").get_by_role("link").all_inner_texts()
    reached = []
    for _ in range(len(entries) + 2):  # the link that skips them, and the page itself
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "() => { let at = document.activeElement;"
                "while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;"
                "return at.innerText; }"
            )
        )
    assert [each for each in reached if each in entries] == entries


def test_a_search_says_whether_its_list_is_open(page, links):
    page.goto(links["search_empty"])
    settle(page)
    field = page.get_by_role("combobox", name="Search for attributes")
    expect(field).to_have_attribute("aria-expanded", "false")
    field.press_sequentially("hea")
    page.get_by_role("option").first.wait_for()
    expect(field).to_have_attribute("aria-expanded", "true")


def too_wide(page) -> int:
    """Return by how many pixels the page can be scrolled sideways."""
    return page.evaluate(
        "() => { const main = document.querySelector('[data-testid=stMain]');"
        "return main.scrollWidth - main.clientWidth; }"
    )


def cut_links(page) -> list[str]:
    """Return the texts of links to pages that do not fit into their place."""
    return page.evaluate(
        "() => [...document.querySelectorAll('[data-testid=stPageLink] a')].filter(link => {"
        "const words = link.querySelector('p'), text = document.createRange();"
        "if (!words) return false; text.selectNodeContents(words);"
        "const all = text.getBoundingClientRect(), room = link.getBoundingClientRect();"
        "return all.width > words.clientWidth + 1 || all.right > room.right; })"
        ".map(link => link.innerText)"
    )


@pytest.fixture
def phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    yield page
    page.set_viewport_size({"width": 1440, "height": 900})


def test_on_a_phone_no_page_scrolls_sideways_and_the_header_leaves_room(phone, links):
    for name, link in links.items():
        follow(phone, link)
        assert too_wide(phone) <= 0, name
        assert not cut_links(phone), name
        header = phone.locator(".st-key-header").bounding_box()
        assert header["y"] + header["height"] <= 120, name
        for scheme in ("light", "dark") if name in ON_A_PHONE else ():
            assert not findings(phone, scheme), name


def test_on_a_small_laptop_no_name_of_a_cause_is_cut(page, links):
    page.set_viewport_size({"width": 1280, "height": 720})
    follow(page, links["overview"])
    settle(page)
    names = page.locator('[data-testid="stPageLink"] a').all_inner_texts()
    assert any("feature missed" in name for name in names)
    assert not cut_links(page)
    page.set_viewport_size({"width": 1440, "height": 900})


def test_on_a_phone_a_wide_table_scrolls_by_itself_and_has_the_focus(phone, links):
    phone.goto(links["overview"])
    settle(phone)
    frame = phone.evaluate_handle(
        "() => { const all = document.querySelectorAll('[data-testid=stMarkdownContainer]');"
        "const frame = [...all].find(each => each.clientWidth > 200);"
        "frame.innerHTML = '<div><table style=\"width: 900px\"><tr><td>1</td></tr></table></div>';"
        "return frame.firstChild; }"
    )
    phone.wait_for_function("frame => frame.tabIndex === 0", arg=frame)
    assert frame.evaluate("frame => frame.scrollWidth > frame.clientWidth")
    assert too_wide(phone) <= 0


def test_on_a_phone_the_filters_of_the_list_begin_closed(phone, links):
    phone.goto(links["failures"])
    settle(phone)
    phone.locator(".st-key-sidebar details:not([open])").wait_for()
