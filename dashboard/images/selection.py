"""Which images are listed: what the URL asks for by search, filters, tags, map and likeness."""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.presence.presence import presence_of
from fieldmarks.core.run.run import Run
from fieldmarks.core.search.image_selection import ORDERS, Criteria, most_alike, select_images
from fieldmarks.core.search.query import Query, parse
from fieldmarks.core.search.search import search
from fieldmarks.dashboard import data, image_filters
from fieldmarks.dashboard.state import Key, choice, number, text

SHOWS = {"wrong": "Wrong", "right": "Right", "all": "All"}
#: Order of the list where the URL names none.
SORT = "most confident"
CERTAIN, ALIKE = "most certain", "most alike"
#: Images that are shown below the line where certainty ends.
N_BELOW = 12


@dataclass(frozen=True)
class Selection:
    """The images of the list, and what they were asked for by.

    Attributes
    ----------
    xs : ndarray of int
        In the order of the list.
    criteria : Criteria
    query : Query
    scores : dict of int to float
        How certain the attributes of the query are seen, or the cosine of the activations, where
        the list is ordered by it.
    order : str
        One of `orders`.
    like : int, optional
        The image that others are compared with.
    """

    xs: np.ndarray
    criteria: Criteria
    query: Query
    scores: dict[int, float]
    order: str
    orders: tuple[str, ...]
    like: int | None = None

    @property
    def usual_show(self) -> str:
        """What is listed where the URL names nothing: failures, or all that a search finds."""
        return usual_show(self.query, self.like)

    @property
    def t(self) -> int | None:
        """The first attribute that is searched for."""
        return self.query.wanted[0] if self.query.wanted else None


def read(run: Run) -> Selection:
    """Return what the URL asks for."""
    query = parse(text(Key.QUERY), data.vocabulary(run))
    like = number(Key.LIKE, run.sizes["X"], "image")
    first = ((CERTAIN,) if query.wanted else ()) + ((ALIKE,) if like is not None else ())
    orders = (*first, *ORDERS)
    order = choice(Key.SORT, orders, orders[0] if first else SORT)
    criteria = _criteria(run, order, query, like)
    xs = select_images(run, criteria, image_filters.among(run))
    scores: dict[int, float] = {}
    if not query.is_empty:
        found = search(run, query)
        xs = xs[np.isin(xs, found.xs)]
        if order == CERTAIN:
            scores = dict(zip(found.xs.tolist(), found.scores.tolist(), strict=True))
    if order == ALIKE and like is not None:
        scores = most_alike(run, like, xs)
    if scores:
        chosen = set(xs.tolist())
        xs = np.array([x for x in scores if x in chosen], dtype=int)
    return Selection(xs, criteria, query, scores, order, orders, like)


def below(run: Run, asked: Selection) -> dict[int, float]:
    """Return the images below the line where certainty ends, with what they are scored by.

    None where the list is not ordered by certainty, or presence is not claimed.
    """
    if asked.order != CERTAIN or presence_of(run.source) is None:
        return {}
    further = search(run, asked.query, least=0.0)
    found = set(search(run, asked.query).xs.tolist())
    pairs = zip(further.xs.tolist(), further.scores.tolist(), strict=True)
    return dict([(x, score) for x, score in pairs if x not in found][:N_BELOW])


def usual_show(query: Query, like: int | None) -> str:
    """Return what is listed by default."""
    return "wrong" if query.is_empty and like is None else "all"


def _criteria(run: Run, order: str, query: Query, like: int | None) -> Criteria:
    n_classes = run.sizes["C"]
    return Criteria(
        show=choice(Key.SHOW, SHOWS, usual_show(query, like)),
        true=number(Key.TRUE, n_classes, "class"),
        predicted=number(Key.PREDICTED, n_classes, "class"),
        t=data.read_attribute(run, Key.MENTIONS),
        confidence=read_confidence(text(Key.SURE)),
        order=order if order in ORDERS else SORT,
    )


def read_confidence(raw: str) -> tuple[float, float]:
    """Return the range that "0.5-0.9" names, or the whole."""
    try:
        low, high = (float(part) for part in raw.split("-"))
    except ValueError:
        return 0.0, 1.0
    return (low, high) if 0 <= low <= high <= 1 else (0.0, 1.0)
