"""A slice, from its card to its images, a saved group and a comparison, in Chromium."""

import re

import pytest
from playwright.sync_api import expect

from fieldmarks.core.causes.slices import slices
from tests.support.browser import find_chromium, page_of, serve_at_once, settle
from tests.support.sliced_run import write_sliced_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # Playwright's own sockets
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium found"),
]


def test_a_slice_leads_to_its_images_a_saved_group_and_a_comparison(browser, tmp_path):
    run = write_sliced_run(tmp_path)
    first = slices(run).found[0]
    with serve_at_once(tmp_path) as server, page_of(browser) as page:
        page.goto(f"{server.url}/causes?run={run.name}")
        settle(page)
        page.get_by_role("link", name=f"All {first.n} images").first.click()
        settle(page)
        expect(page.get_by_text("Slice: ", exact=False).first).to_be_visible()
        expect(page).to_have_url(re.compile("slice="))
        page.go_back()
        settle(page)
        page.get_by_role("button", name="Save as a group").first.click()
        page.get_by_label("Name of the group").first.fill("blurred")
        page.get_by_role("button", name="Save", exact=True).first.click()
        settle(page)
        page.keyboard.press("Escape")
        page.get_by_role("link", name="Compare", exact=True).first.click()
        settle(page)
        said = f"Of these {first.n} images {first.n_right} are right in the first run"
        expect(page.get_by_text(said)).to_be_visible()
        page.goto(f"{server.url}/compare?run={run.name}&with=second&saved=blurred")
        settle(page)
        expect(page.get_by_text(said)).to_be_visible()
