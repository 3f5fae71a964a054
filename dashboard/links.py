"""Links to images, filters, classes and attributes, one function for each kind."""

from collections.abc import Sequence

from fieldmarks.core.repair.recipe import Labels, Recipe
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard.labels import phrase
from fieldmarks.dashboard.state import Key, Page, here, href, text

#: How the URL of a recipe names a filter, before its number.
FILTER = "filter "
#: Criteria of the image list; they are kept in the links from image to image.
LIST_KEYS = (
    Key.QUERY,
    Key.SHOW,
    Key.TRUE,
    Key.PREDICTED,
    Key.SURE,
    Key.MENTIONS,
    Key.SORT,
    Key.VIEW,
    Key.CAUSE,
    Key.NOTE,
    Key.TAG,
    Key.REGION,
    Key.SAVED,
    Key.LIKE,
    Key.SLICE,
    Key.PAGE,
)


def image(run: Run, x: int, t: int | None = None) -> str:
    """Return the link to an image, optionally with an attribute selected."""
    return href(Page.IMAGES, x=x, t=None if t is None else phrase(run, t))


def listed_image(x: int, phrase: str | None = None) -> str:
    """Return the link to an image, maybe with an attribute, that keeps the list it comes from."""
    return here(Page.IMAGES, LIST_KEYS, x=x, t=phrase)


def without(*keys: Key) -> str:
    """Return the link to the list without what was chosen by these keys."""
    return here(Page.IMAGES, [key for key in LIST_KEYS if key not in (*keys, Key.PAGE)])


def alike(x: int) -> str:
    """Return the link to the images whose activations are most like those of image x."""
    return href(Page.IMAGES, like=x)


def failures(true: int | None = None, predicted: int | None = None, show: str | None = None) -> str:
    """Return the link to the images of these classes."""
    return href(Page.IMAGES, true=true, predicted=predicted, show=show)


def filter_(f: int, phrase: str | None = None, estimator: str | None = None) -> str:
    """Return the link to a filter, optionally with an attribute to look for on its images."""
    return href(Page.FILTERS, f=f, t=phrase, estimator=estimator)


def filters_of_class(c: int) -> str:
    """Return the link to the filters with a positive weight for a class."""
    return href(Page.FILTERS, c=c)


def class_(c: int, versus: int | None = None) -> str:
    """Return the link to a class, or to a comparison of two."""
    return href(Page.CLASSES, c=c, versus=versus)


def word(run: Run, t: int) -> str:
    """Return the link to the images whose explanation has an attribute."""
    return query(phrase(run, t))


def query(text: str) -> str:
    """Return the link to the results of a query."""
    return href(Page.IMAGES, q=text)


def grounding(run: Run, x: int, ts: Sequence[int] = ()) -> str:
    """Return the link to the heatmaps of attributes side by side in one image."""
    words = ",".join(phrase(run, t) for t in ts) or None
    return href(Page.IMAGES, x=x, tab="grounding", words=words)


def what_if(x: int) -> str:
    """Return the link to the what-if of an image."""
    return href(Page.IMAGES, x=x, tab="what if")


def recipe(run: Run, of: Recipe) -> dict[str, str]:
    """Return the query parameters that name a recipe of the page Repair."""
    named_by = {
        Key.LABELS: "" if of.labels is Labels.KEEP else str(of.labels),
        Key.BALANCE: named(run, of.balanced_attributes),
        Key.OFF: named(run, of.off_attributes, of.off_filters),
        Key.BACKGROUND: "exchanged" if of.ignore_background else "",
        Key.CLASSES: "balanced" if of.balance_classes else "",
        Key.HARD: "" if of.hard_weight == 1 else f"{of.hard_weight:g}",
        Key.REFIT: "" if of.is_refitted else "none",
    }
    return params(**{str(key): value for key, value in named_by.items() if value})


def named(run: Run, ts: Sequence[int], fs: Sequence[int | str] = ()) -> str:
    """Return attributes and filters as the URL of a recipe names them."""
    return ",".join([*(phrase(run, t) for t in ts), *(f"{FILTER}{f}" for f in fs)])


def params(**wanted) -> dict[str, str]:
    """Return the query parameters of a page link, with the chosen run."""
    run = text(Key.RUN)
    kept = {str(key): str(value) for key, value in wanted.items() if value is not None}
    return ({str(Key.RUN): run} if run else {}) | kept
