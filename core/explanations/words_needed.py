"""The number of words that describe a filter: 1 for a filter with one meaning.

An adjective or a noun says all attributes that share it: "white wing" and "white belly" are both
"white", "red bill" and "long bill" both "bill". The fewest words that say all attributes are a
smallest vertex cover of the graph of adjectives and nouns; its size is that of a largest matching
(Kőnig, 1931).
"""

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import maximum_bipartite_matching

from fieldmarks.core.attributes.attribute import Attribute


def words_needed(attributes: Sequence[Attribute]) -> int:
    """Return the smallest number of adjectives and nouns that say all attributes.

    Parameters
    ----------
    attributes : sequence of Attribute
        One without an adjective, or whose noun is not said (kinds "is" and "tag"), is one word.

    Examples
    --------
    >>> pairs = [("white", "wing"), ("white", "belly"), ("red", "bill"), ("long", "bill")]
    >>> words_needed([Attribute(*pair) for pair in pairs])
    2
    """
    if not attributes:
        return 0
    adjectives, nouns = _numbered([_sides(i, each) for i, each in enumerate(attributes)])
    shape = adjectives.max() + 1, nouns.max() + 1
    graph = sparse.csr_array((np.ones(len(adjectives), np.int8), (adjectives, nouns)), shape)
    return int((maximum_bipartite_matching(graph) >= 0).sum())


def _sides(i: int, attribute: Attribute) -> tuple[str, str]:
    alone = f"\0{i}"  # shared with no other
    is_noun_said = attribute.kind in ("pair", "noun")
    return attribute.adjective or alone, (is_noun_said and attribute.noun) or alone


def _numbered(pairs: list[tuple[str, str]]) -> tuple[np.ndarray, np.ndarray]:
    first, second = zip(*pairs, strict=True)
    return np.unique(first, return_inverse=True)[1], np.unique(second, return_inverse=True)[1]
