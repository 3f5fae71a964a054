"""Where things lead: one function a kind of thing, so that it leads to the same place anywhere."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from core.run import Run
from dashboard.state import Key, Page, here, href, text

#: What narrows the list of images: it goes along from image to image.
LIST_KEYS = (
    Key.SHOW,
    Key.TRUE,
    Key.PREDICTED,
    Key.SURE,
    Key.SORT,
    Key.VIEW,
    Key.PATTERN,
    Key.GROUP,
    Key.NOTE,
    Key.PAGE,
)


def image(run: Run, x: int, t: int | None = None) -> str:
    """Return the link to an image with a word of its sentence in focus."""
    return href(Page.FAILURES, x=x, t=None if t is None else phrase(run, t))


def listed_image(x: int) -> str:
    """Return the link to an image that keeps the list it was picked from."""
    return here(Page.FAILURES, (*LIST_KEYS, Key.T), x=x)


def failures(true: int | None = None, predicted: int | None = None, show: str | None = None) -> str:
    """Return the link to the images of these classes."""
    return href(Page.FAILURES, true=true, predicted=predicted, show=show)


def filter_(f: int) -> str:
    """Return the link to a filter."""
    return href(Page.FILTERS, f=f)


def class_(c: int, versus: int | None = None) -> str:
    """Return the link to a class, or to a comparison of two."""
    return href(Page.CLASSES, c=c, versus=versus)


def word(run: Run, t: int) -> str:
    """Return the link to the images in which the network sees an attribute."""
    return href(Page.SEARCH, q=phrase(run, t))


def query(text: str) -> str:
    """Return the link to the answer of a query."""
    return href(Page.SEARCH, q=text)


def grounding(run: Run, x: int, ts: list[int]) -> str:
    """Return the link to attributes side by side in one image."""
    return href(Page.GROUNDING, x=x, t=",".join(phrase(run, t) for t in ts) or None)


def phrase(run: Run, t: int) -> str:
    """Return the phrase of an attribute."""
    return _labels(run).phrases[t]


def name(run: Run, c: int) -> str:
    """Return the name of a class."""
    return _labels(run).names[c]


def numbered_name(run: Run, c: int) -> str:
    """Return the name of a class after the data set's own number, as lists sort it."""
    return _labels(run).numbered[c]


def answer(run: Run, x: int) -> tuple[int, int]:
    """Return the true and the predicted class of an image."""
    labels = _labels(run)
    return int(labels.true_c[x]), int(labels.predicted_c[x])


class _Labels(NamedTuple):
    """Columns out of their tables: one lookup in a table takes longer than a thousand in these."""

    phrases: list[str]
    names: list[str]
    numbered: list[str]
    true_c: np.ndarray
    predicted_c: np.ndarray


@lru_cache(maxsize=8)
def _labels(run: Run) -> _Labels:
    names = run.classes["name"].astype(str).tolist()
    ids = run.classes["class_id"].tolist()
    numbered = [f"{class_id:03d} {name}" for class_id, name in zip(ids, names, strict=True)]
    phrases = run.attributes["phrase"].astype(str).tolist()
    true_c, predicted_c = (run.images[name].to_numpy() for name in ("true_c", "predicted_c"))
    return _Labels(phrases, names, numbered, true_c, predicted_c)


def params(**wanted) -> dict[str, str]:
    """Return parameters for a page link; the chosen run goes along."""
    run = text(Key.RUN)
    kept = {str(key): str(value) for key, value in wanted.items() if value is not None}
    return ({str(Key.RUN): run} if run else {}) | kept
