"""Addresses of earlier versions, and where what they showed is now."""

from collections.abc import Mapping
from urllib.parse import urlencode

from fieldmarks.dashboard.state import Key, Page

#: Paths that no longer have a page.
OLD = ("failures", "search", "map", "confusion", "patterns", "robustness", "grounding")
_PAGES = {"patterns": Page.CAUSES, "robustness": Page.CORRUPTIONS}


def address(path: str, params: Mapping[str, str]) -> str | None:
    """Return the new address of an old one, relative to any page; None for what is not old.

    Parameters
    ----------
    path : str
        The path of the page, without slashes.
    params : mapping of str to str
        The parameters of the query.

    Examples
    --------
    >>> address("failures", {"x": "3", "pattern": "image quality"})
    'images?x=3&cause=image+quality'
    >>> address("images", {"x": "3"}) is None
    True
    """
    if not path and Key.TAB in params and Key.VIEW not in params:  # scores stood on the Overview
        return _joined(path, dict(params) | {str(Key.VIEW): "about"})
    renamed = {"cause" if key == "pattern" else key: value for key, value in params.items()}
    if path not in OLD:
        return _joined(path, renamed) if renamed != dict(params) else None
    page = _PAGES.get(path, Page.IMAGES)
    if path == "failures":
        page = _of_failures(renamed)
    elif path == "search":
        renamed.setdefault(str(Key.SHOW), "all")
    elif path == "grounding":
        renamed[str(Key.TAB)] = path
        if Key.T in renamed:
            renamed[str(Key.WORDS)] = renamed.pop(Key.T)
    elif path in ("map", "confusion"):
        renamed[str(Key.VIEW)] = path
        if path == "confusion" and Key.SORT in renamed:
            renamed[str(Key.ORDER)] = renamed.pop(Key.SORT)
    return _joined(page, renamed)


def _of_failures(params: dict[str, str]) -> Page:
    """Return the page of a link to the list of failures; changes its parameters in place."""
    view = params.pop(Key.VIEW, "")
    if view == "table":
        params[str(Key.VIEW)] = view
    if Key.T in params and Key.X not in params:
        params[str(Key.MENTIONS)] = params.pop(Key.T)
    return Page.REVIEW if view == "review" else Page.IMAGES


def _joined(path: str, params: Mapping[str, str]) -> str:
    query = urlencode(params)
    return f"{path or './'}?{query}" if query else path or "./"
