"""One Chromium for all files of a worker."""

import os

import pytest
from playwright.sync_api import expect

from tests.support.browser import find_chromium, launch

# a page beside other tests is drawn when it can be: what is asked of it is waited for
expect.set_options(timeout=60_000)


@pytest.fixture(scope="package")
def browser():
    if find_chromium() is None:
        reason = "no Chromium found: install it or set FIELDMARKS_CHROMIUM"
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    with launch() as browser:
        yield browser
