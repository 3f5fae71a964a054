"""The state of the detail view of an image, read from the URL."""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, labels, links
from fieldmarks.dashboard.image.words import Words
from fieldmarks.dashboard.state import Key, Page, here, number


@dataclass(frozen=True)
class View:
    """Image x compared as class c and as class versus.

    Attributes
    ----------
    words : Words or None
        None for a run without attributes.
    """

    run: Run
    x: int
    c: int
    versus: int
    words: Words | None

    @property
    def names(self) -> tuple[str, str]:
        """Names of the two classes."""
        return labels.class_name(self.run, self.c), labels.class_name(self.run, self.versus)

    @property
    def t(self) -> int | None:
        """The selected attribute; None for a run without attributes."""
        return None if self.words is None else self.words.t


def view_from_url(run: Run, x: int) -> View:
    """Return what the URL asks to see of image x."""
    c = number(Key.C, run.sizes["C"], "class")
    versus = number(Key.VERSUS, run.sizes["C"], "class")
    return view_of(run, x, c, versus, data.read_attribute(run))


def view_of(
    run: Run, x: int, c: int | None = None, versus: int | None = None, t: int | None = None
) -> View:
    """Return image x as the predicted class compared with the true one, or as others.

    Parameters
    ----------
    run : Run
    x : int
    c, versus : int, optional
        Classes.
    t : int, optional
        The selected attribute; the first one that counts for c otherwise.
    """
    c = int(run.images["predicted_c"].iloc[x]) if c is None else c
    versus = usual_versus(run, x, c) if versus is None else versus
    return View(run, x, c, versus, _words(run, x, c, versus, t) if run.has_words else None)


def _words(run: Run, x: int, c: int, versus: int, t: int | None) -> Words:
    first, second = data.explain(run, x, c), data.explain(run, x, versus)
    both = data.compare(run, first, second)
    if t is None:
        t = both.for_first[0] if both.for_first else first.main_t
    return Words(run, x, first, second, both, t)


def usual_versus(run: Run, x: int, c: int) -> int:
    """Return the class that class c is compared with where the URL names none."""
    true, _ = labels.true_and_predicted(run, x)
    return true if true != c else runner_up(run, x, c)


def runner_up(run: Run, x: int, c: int) -> int:
    """Return the most likely class other than c."""
    logits = np.array(run.array("logits")[x])
    logits[c] = -np.inf
    return int(logits.argmax())


def view_link(**changes) -> str:
    """Return the link to this view with something changed; a what-if is of two classes."""
    kept = (*links.LIST_KEYS, Key.X, Key.C, Key.VERSUS, Key.T, Key.TAB)
    if not changes.keys() & {Key.C, Key.VERSUS}:
        kept = (*kept, Key.IF)
    return here(Page.IMAGES, kept, **changes)
