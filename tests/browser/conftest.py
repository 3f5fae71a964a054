"""One Chromium for all files of a worker."""

import os

import pytest

from tests.support.browser import find_chromium, launch


@pytest.fixture(scope="package")
def browser():
    if find_chromium() is None:
        reason = "no Chromium found: install it or set FIELDMARKS_CHROMIUM"
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    with launch() as browser:
        yield browser
