"""Addresses of earlier versions lead to what they showed."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from fieldmarks.dashboard import frame, moved
from fieldmarks.dashboard.state import Page


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("failures", "images"),
        ("failures?run=a&x=3&t=red+bill", "images?run=a&x=3&t=red+bill"),
        ("failures?t=red+bill", "images?mentions=red+bill"),
        ("failures?view=table&true=1", "images?true=1&view=table"),
        ("failures?view=gallery", "images"),
        ("failures?view=review&pattern=wrong+label", "review?cause=wrong+label"),
        ("search?q=red+bill&page=2", "images?q=red+bill&page=2&show=all"),
        ("search", "images?show=all"),
        ("map?region=1-2.3-4", "images?region=1-2.3-4&view=map"),
        ("confusion?sort=number", "images?view=confusion&order=number"),
        ("?tab=retrieval", "./?tab=retrieval&view=about"),
        ("grounding?x=3&t=red+bill", "images?x=3&tab=grounding&words=red+bill"),
        ("patterns?run=a", "causes?run=a"),
        ("robustness?level=2", "corruptions?level=2"),
        ("compare?with=b&pattern=image+quality", "compare?with=b&cause=image+quality"),
    ],
)
def test_an_old_address_leads_to_what_it_showed(old, new):
    parts = urlsplit(old)
    assert moved.address(parts.path, dict(parse_qsl(parts.query))) == new


@pytest.mark.parametrize("page", list(Page))
def test_no_address_of_today_leads_elsewhere(page):
    assert moved.address(page, {"run": "a", "x": "3", "t": "red bill"}) is None


def test_every_page_has_a_place_in_one_of_eight_sections():
    assert set(frame._PAGES) == set(Page)
    sections = list(dict.fromkeys(entry.section for entry in frame._PAGES.values()))
    assert sections == [
        "Overview", "Images", "Causes", "Filters", "Classes", "Review", "Improve", "Experimental"
    ]  # fmt: skip
