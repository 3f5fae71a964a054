"""What takes seconds to fit: made once for all who look, with a bar that grows meanwhile."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

import streamlit as st

from fieldmarks.core.repair.preview import Progress
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


def made_once(what: str, key: str, run: Run, make: Callable[[Progress], Result]) -> Result:
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
        Is given a function that draws which share is done.
    """
    once = _once(what, key)
    if once.is_made:
        return once.get(lambda: make(lambda share: None))
    n, F, C = int(run.images["is_train"].sum()), run.sizes["F"], run.sizes["C"]
    words = f"{what}: {n:,} training images, {F:,} filters, {C:,} classes"
    place = st.empty()
    bar = place.progress(0.0, words)
    try:
        return once.get(lambda: make(lambda share: _draw(bar, share, words)))
    finally:
        place.empty()


def _draw(bar, share: float, words: str) -> None:
    bar.progress(min(share, 1.0), f"{words}, {share:.0%}")
