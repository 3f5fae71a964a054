"""Review by keys and the preview of a repair, in a real Chromium."""

import re
import shutil
import time
from contextlib import closing

import pytest
from playwright.sync_api import expect

from fieldmarks.core.review.verdicts import Verdicts
from tests.support.browser import find_chromium, open_page, settle

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # Playwright's own sockets
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium found"),
]


@pytest.fixture(scope="module")
def runs(faulty, tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser_review")
    shutil.copytree(faulty.folder, folder / "faulty")
    return folder


@pytest.fixture(scope="module")
def page(browser, runs):
    with open_page(browser, runs) as page:
        yield page


def go(page, link: str) -> None:
    page.goto(f"{page.base}/{link}")
    settle(page)


def saved(runs, faulty) -> dict[str, str]:
    """Return the pattern of each image that is marked as reviewed."""
    with closing(Verdicts(f"sqlite:///{runs}/verdicts.sqlite")) as verdicts:
        latest = verdicts.latest(faulty.manifest["dataset"])
    return latest.loc[latest["is_reviewed"].astype(bool), "pattern"].to_dict()


def wait_until(holds, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_one_key_gives_a_verdict_and_another_takes_it_back(page, runs, faulty):
    go(page, "review?run=faulty")
    first = page.get_by_text(re.compile(r"^Verdict on image \d+")).first.inner_text()
    page.get_by_role("button", name="Wrong label").wait_for()
    page.locator("body").press("w")
    page.wait_for_url(re.compile(r"at=\d+"))
    wait_until(lambda: list(saved(runs, faulty).values()) == ["wrong label"])
    settle(page)
    expect(page.get_by_text(re.compile(r"^Verdict on image \d+")).first).not_to_have_text(first)
    page.locator("body").press("u")
    wait_until(lambda: not saved(runs, faulty))
    page.get_by_text(first).wait_for()


def test_ticked_rows_share_a_verdict_and_the_next_list_has_none_ticked(page, runs, faulty):
    go(page, "review?run=faulty")
    boxes = page.get_by_role("checkbox", name=re.compile(r"^Select image"))
    boxes.nth(1).check()
    boxes.nth(2).press("Space")
    page.get_by_text("Verdict on 2 images").wait_for()
    ticked = page.get_by_role("checkbox", name=re.compile(r"^Select image"), checked=True)
    expect(ticked).to_have_count(2)
    page.locator("body").press("w")
    wait_until(lambda: list(saved(runs, faulty).values()) == ["wrong label"] * 2)
    page.get_by_text("Verdict on image").wait_for()
    expect(ticked).to_have_count(0)
    expect(boxes.nth(1)).to_be_visible()
    page.locator("body").press("u")
    wait_until(lambda: not saved(runs, faulty))


def test_a_number_key_answers_the_blind_test(page):
    go(page, "blind_test?run=faulty")
    page.get_by_label("Your name").fill("Ana")
    page.get_by_label("Your name").press("Enter")
    page.get_by_role("button", name="Skip").wait_for()
    page.get_by_label("Your name").blur()
    page.locator("body").press("1")
    page.get_by_text(re.compile(r"^1 of \d+ answered")).wait_for()


def test_a_recipe_is_previewed_written_and_compared(page, runs):
    go(page, "repair?run=faulty")
    page.get_by_text("Leave out", exact=True).click()
    page.get_by_role("button", name="Preview").click()
    page.wait_for_url(re.compile("labels=drop"))
    page.get_by_text(re.compile("significant")).first.wait_for()
    assert not (runs / "faulty-repaired").exists()
    page.get_by_role("button", name="Write the new run").click()
    page.get_by_role("link", name=re.compile("Compare faulty with")).click()
    page.wait_for_url(re.compile(r"/compare\?.*with=faulty-repaired"))
    settle(page)
    page.get_by_text("Second run").first.wait_for()
    assert (runs / "faulty-repaired" / "manifest.json").exists()
