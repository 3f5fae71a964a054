"""Choices: words that are values of one property, of which an image has one at most.

The colours of a bill, the shapes of a nucleus. Which words exclude each other is learned from the
training images: hardly ever does one image have both. Where every image has one of the values, as
in a table with a column for each property, the choice is complete. Captions do not mention most of
what is visible, and two words that rarely co-occur need not exclude each other ("long", "red"), so
an incomplete choice has colours only.
"""

import numpy as np
from scipy import sparse

from fieldmarks.core.attributes.wordlists import COLOURS

#: Training images with both words that chance would give, at least, before their absence counts.
MIN_EXPECTED = 3.0
#: Largest share of these that may be there all the same.
MAX_SHARE = 0.05
#: A choice is complete where at least this share of the training images has one of its values.
COMPLETE = 0.98


def choices(
    named: sparse.csr_array, nouns: np.ndarray, adjectives: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the choice of each word and whether an image always has one of its values.

    Parameters
    ----------
    named : csr_array of shape (n, T), bool
        Whether training images have each word.
    nouns, adjectives : ndarray of shape (T,)
        Values of one property have one noun.

    Returns
    -------
    choice : ndarray of shape (T,), int32
        Number of the choice that a word is a value of, -1 for none.
    is_complete : ndarray of shape (number of choices,), bool
    """
    n, T = named.shape
    named = sparse.csr_array(named, dtype=np.int32)
    frequency = np.asarray(named.sum(axis=0)).ravel()
    columns = named.tocsc()
    is_colour = np.isin(adjectives.astype(str), list(COLOURS))
    choice, is_complete = np.full(T, -1, np.int32), []
    for ts in _of_one_noun(nouns, frequency):
        own = columns[:, ts]
        together = (own.T @ own).toarray()
        expected = np.outer(frequency[ts], frequency[ts]) / max(n, 1)
        # two rare colours are hardly ever met together by chance either
        is_frequent = (expected >= MIN_EXPECTED) | np.outer(is_colour[ts], is_colour[ts])
        apart = is_frequent & (together <= MAX_SHARE * expected)
        for group in _cliques(apart):
            values = ts[group]
            complete = frequency[values].sum() >= COMPLETE * n
            values = values if complete else values[is_colour[values]]
            if len(values) > 1:
                choice[values] = len(is_complete)
                is_complete.append(complete)
    return choice, np.array(is_complete, bool)


def _of_one_noun(nouns: np.ndarray, frequency: np.ndarray) -> list[np.ndarray]:
    """Return the words of each noun that has several, the most frequent first."""
    order = np.lexsort((np.arange(len(nouns)), -frequency))
    _, member = np.unique(nouns.astype(str), return_inverse=True)
    order = order[np.argsort(member[order], kind="stable")]
    groups = np.split(order, np.cumsum(np.bincount(member))[:-1])
    return [ts for ts in groups if len(ts) > 1]


def _cliques(apart: np.ndarray) -> list[list[int]]:
    """Return groups of words that all exclude each other, begun by the most frequent word."""
    is_left, groups = np.ones(len(apart), bool), []
    while is_left.any():
        group, may_join = [], is_left.copy()
        while may_join.any():
            group.append(int(may_join.argmax()))
            is_left[group[-1]] = may_join[group[-1]] = False
            may_join &= apart[group[-1]]
        if len(group) > 1:
            groups.append(group)
    return groups
