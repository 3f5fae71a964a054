"""What takes seconds to fit: made once for all who look, with a bar that grows meanwhile."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

import streamlit as st

from fieldmarks.core.run.run import Run

Result = TypeVar("Result")


class Once(Generic[Result]):
    """A result that is computed by the first session that asks; others wait for it."""

    def __init__(self):
        self._lock, self._result = Lock(), []

    @property
    def is_made(self) -> bool:
        """Whether the result is known."""
        return bool(self._result)

    def get(self, make: Callable[[], Result]) -> Result:
        """Return the result; where making it fails, the next one to ask tries again."""
        with self._lock:
            if not self._result:
                self._result.append(make())
            return self._result[0]


@st.cache_resource(max_entries=16, show_spinner=False)
def _once(what: str, key: str) -> Once:
    return Once()


class Bar:
    """A bar that shows which share of a fit is done, and the figures so far."""

    def __init__(self, place, words: str):
        self._place, self._words, self._share, self._known = place, words, 0.0, ""

    def __call__(self, share: float) -> None:
        """Draw the share that is done, in [0, 1]."""
        self._share = min(share, 1.0)
        _draw(self._place, self._share, f"{self._words}, {self._share:.0%}{self._known}")

    def so_far(self, before: float, now: float) -> None:
        """Draw which share of the validation images is right before, and now."""
        self._known = f". So far {now:.1%} of the validation images are right, before {before:.1%}"
        self(self._share)


def made_once(what: str, key: str, run: Run, make: Callable[[Bar], Result]) -> Result:
    """Return what ``make`` returns, with a bar in the page while it is made.

    A visitor who goes elsewhere ends the fit at its next step: drawing the bar raises there.

    Parameters
    ----------
    what : str
        What is fitted, in words.
    key : str
        All that the result depends on.
    run : Run
    make : callable
        Is given the bar.
    """
    once = _once(what, key)
    n, F, C = int(run.images["is_train"].sum()), run.sizes["F"], run.sizes["C"]
    place = st.empty()
    bar = Bar(place, f"{what}: {n:,} training images, {F:,} filters, {C:,} classes")
    if not once.is_made:
        bar(0.0)
    try:
        return once.get(lambda: make(bar))
    finally:
        place.empty()


def _draw(place, share: float, words: str) -> None:
    place.progress(share, words)
