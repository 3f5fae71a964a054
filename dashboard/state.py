"""State in the URL: the only module that reads or writes query parameters.

Every view of the app is a link. Widgets take their value from the URL before they are drawn and
write it back when they change, so Back, a shared link and a click on a chart all go the same way.
One letter stands for one index set on all pages: x an image, f a filter, c a class, and t an
attribute, by its phrase, which outlives a new run.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from urllib.parse import quote_plus

import streamlit as st

NOTICES = "notices"


class Key(StrEnum):
    """Names in the URL."""

    RUN = "run"
    X = "x"
    F = "f"
    T = "t"
    WORDS = "words"
    C = "c"
    VERSUS = "versus"
    TRUE = "true"
    PREDICTED = "predicted"
    SURE = "sure"
    SHOW = "show"
    SORT = "sort"
    VIEW = "view"
    PAGE = "page"
    QUERY = "q"
    STATUS = "status"
    CAUSE = "cause"
    NOTE = "note"
    IF = "if"
    ESTIMATOR = "estimator"
    WITH = "with"
    LEVEL = "level"
    LABELS = "labels"
    BALANCE = "balance"
    OFF = "off"
    BACKGROUND = "background"
    CLASSES = "classes"
    HARD = "hard"
    REFIT = "refit"
    AT = "at"
    TAG = "tag"
    SEED = "seed"
    ANSWERS = "answers"
    REGION = "region"
    SAVED = "saved"
    SLICE = "slice"
    COLOUR = "colour"
    ACROSS = "across"
    DOWN = "down"
    TAB = "tab"
    ATTACK = "attack"
    MENTIONS = "mentions"
    ORDER = "order"
    LIKE = "like"
    SPLIT = "split"


class Page(StrEnum):
    """Paths of the pages."""

    OVERVIEW = ""
    IMAGES = "images"
    TRY = "try"
    CAUSES = "causes"
    FILTERS = "filters"
    CLASSES = "classes"
    REVIEW = "review"
    REPAIR = "repair"
    COMPARE = "compare"
    CORRUPTIONS = "corruptions"
    LESSON = "lesson"
    BLIND = "blind_test"
    ATTACKS = "attacks"
    EXPERIMENTS = "experiments"


Value = str | int | float | None


def href(page: Page, /, **params: Value) -> str:
    """Return the link to a state of a page, relative to any page; the chosen run is kept.

    Parameters
    ----------
    page : Page
        Where to.
    **params : str, int, float or None
        Keys of `Key`; None is left out. ``run`` leads to another run.
    """
    run = params.pop(Key.RUN, text(Key.RUN))
    pairs = ([(Key.RUN, run)] if run else []) + [(k, v) for k, v in params.items() if v is not None]
    query = "&".join(f"{key}={quote_plus(str(value))}" for key, value in pairs)
    return f"{page or './'}?{query}" if query else page or "./"


def here(page: Page, keep: Iterable[Key], /, **changes: Value) -> str:
    """Return the link to this page with some parameters changed; only ``keep`` is kept."""
    asked = st.query_params.to_dict()  # once: it takes as long as to read a single key
    params = {str(key): _clean(asked.get(key, "")) or None for key in keep} | changes
    return href(page, **params)


def text(key: Key) -> str:
    """Return what the URL says for a key, at most 500 characters; empty for nothing."""
    return _clean(st.query_params.get(key, ""))


def _clean(raw: str) -> str:
    return raw.strip()[:500]


def number(key: Key, size: int, what: str) -> int | None:
    """Return an index from the URL, or None with a notice where the run has no such one.

    Parameters
    ----------
    key : Key
        Which index.
    size : int
        The index must be below it.
    what : str
        For the notice, e.g. "image".
    """
    raw = text(key)
    if not raw:
        return None
    if raw.isascii() and raw.isdigit() and len(raw) < 10 and int(raw) < size:
        return int(raw)
    several = f"{what}es" if what.endswith("s") else f"{what}s"
    notice(f"The link asks for {what} “{raw[:40]}”, but this run has {several} 0 to {size - 1:,}.")
    return None


def choice(key: Key, options: Iterable[str], default: str) -> str:
    """Return one of the options from the URL, or the default."""
    raw = text(key)
    return raw if raw in options else default


def notice(message: str) -> None:
    """Remember a small message for the top of the page."""
    messages = st.session_state.setdefault(NOTICES, [])
    if message not in messages:
        messages.append(message)


def take_notices() -> list[str]:
    """Return the messages of this repaint and forget them."""
    return st.session_state.pop(NOTICES, [])


def update(**changes: Value) -> None:
    """Change parts of the address; None removes. For callbacks: the page is drawn after them."""
    params = st.query_params.to_dict()
    for key, value in changes.items():
        params.pop(key, None)
        if value is not None and value != "":
            params[key] = str(value)
    st.query_params.from_dict(params)


def bound(
    key: Key,
    value,
    to_url: Callable = str,
    *,
    default=None,
    scope: str = "",
    resets: tuple = (),
) -> dict:
    """Return the arguments that tie a widget to the URL.

    Parameters
    ----------
    key : Key
        The parameter.
    value : object
        The widget's value as the URL has it now.
    to_url : callable
        From the widget's value to the URL's; None or "" leaves the parameter out.
    default : object
        What the page shows without the parameter; choosing it leaves the parameter out.
    scope : str
        Distinguishes widgets of the same key on different pages.
    resets : tuple of Key
        Parameters that lose their meaning when this one changes, e.g. the page of a gallery.
    """
    widget_key = f"{scope}.{key}"
    st.session_state[widget_key] = value
    return _written(key, widget_key, to_url, default, resets)


def initial(key: Key, value, to_url: Callable = str, *, default=None, scope: str = "") -> dict:
    """Return the same for a widget that insists on a value: it is a new widget for each value."""
    return _written(key, f"{scope}.{key}.{value}", to_url, default, ())


def _written(key: Key, widget_key: str, to_url: Callable, default, resets: tuple) -> dict:
    def write() -> None:
        new = st.session_state[widget_key]
        written = None if new == default else to_url(new)
        update(**{str(r): None for r in resets}, **{str(key): written})

    return {"key": widget_key, "on_change": write}


def picked(widget_key: str) -> list:
    """Return the customdata of the points of a chart that were clicked."""
    event = st.session_state.get(widget_key) or {}
    points = (event.get("selection") or {}).get("points") or []
    return [point["customdata"] for point in points if "customdata" in point]
