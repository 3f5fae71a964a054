"""The filters that have a word: in the name of what they see, or among their significant words."""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.name_status import MAX_Q
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, labels

#: Words of a filter without a name that are looked through where no name has what is typed.
N_LIKELIEST = 5


@dataclass(frozen=True)
class Found:
    """What a text finds.

    Attributes
    ----------
    score : ndarray of shape (F,)
        0 for a filter without it. From 2 for what a filter sees, from 1 for a significant word,
        else p(t given f).
    t : ndarray of shape (F,)
        The attribute with it of the largest p(t given f), -1 for none.
    is_named : bool
        False where no filter is named by it, and likely words were looked through.
    """

    score: np.ndarray
    t: np.ndarray
    is_named: bool


def find(run: Run, written: str) -> Found:
    """Return the filters that have what is written, e.g. "wing bar", "wing" or "gray"."""
    return _find(run, written)


@per_run(most=64)
def _find(run: Run, written: str) -> Found:
    has = data.vocabulary(run).having(written)
    ts = np.flatnonzero([has(phrase.split()) for phrase in run.attributes["phrase"]])
    fs = range(run.sizes["F"])
    sees = np.array([has(labels.seen_words(run, f)) for f in fs], bool)
    if not len(ts):
        return Found(sees * 2.0, np.full(len(sees), -1), bool(sees.any()))
    p = np.asarray(run.array("p_t_given_f")[:, ts], float)
    is_likely = np.zeros(p.shape, bool)
    if "names" not in run.pending:
        is_likely = np.asarray(run.array("q_value")[:, ts]) < MAX_Q
    is_named = bool(sees.any() or is_likely.any())
    if not is_named:
        likeliest = np.argpartition(-run.array("p_t_given_f"), N_LIKELIEST, axis=1)[:, :N_LIKELIEST]
        is_likely = np.array([np.isin(ts, each) for each in likeliest])
    best = np.where(is_likely, p, -1).argmax(axis=1)
    has_word = is_likely.any(axis=1)
    likely = has_word * (np.take_along_axis(p, best[:, None], axis=1)[:, 0] + is_named)
    return Found(np.where(sees, 2 + likely, likely), np.where(has_word, ts[best], -1), is_named)
