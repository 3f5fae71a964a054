"""Columns of a table that say again what another one says, such as colour and colour group."""

from collections.abc import Sequence

import numpy as np

from fieldmarks.precompute.attributes.tables.column_values import (
    is_empty_word,
    property_words,
    words_of,
)

#: Share of the rows in which a value of one column goes with one value of the other; the larger
#: for columns that share no word.
AGREES, SAME = 0.98, 0.995
#: A value of fewer rows shows nothing, and neither does a column of more values for its rows.
MIN_ROWS, MAX_DISTINCT = 3, 0.2
#: Share of the rows in which a value holds the words of the coarser one: "navy blue", "blue".
WITHIN = 0.5
#: Letters that names of one property share: "colour", "color", "colorgroup".
_STEM = 4
#: Rows that are looked at, evenly spread.
_LOOKED_AT = 5000


def restated(names: Sequence[str], cells: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return the columns that another column makes needless, and which that is.

    A coarser column ("colour group") is needless beside a finer one of the same property: by their
    names, or where values hold the words of the other's. Columns whose values go together one by
    one, three or more, need share no word ("Rot", "red"). Of two that say the same the first stays.

    Parameters
    ----------
    names : sequence of str
        Names of columns of categories.
    cells : sequence of sequences of str
        Their value in each row, empty for none.
    """
    step = max(1, len(cells[0]) // _LOOKED_AT) if cells else 1
    looked = [np.array(column[::step], str) for column in cells]
    codes = [np.unique(column, return_inverse=True)[1] for column in looked]
    needless: dict[str, str] = {}
    for i, name in enumerate(names):
        for j, other in enumerate(names):
            if i == j or other in needless or name in needless:
                continue
            both = (looked[i] != "") & (looked[j] != "")
            here, there = codes[i][both], codes[j][both]
            forth = _share(there, here)
            if forth < AGREES:
                continue
            back = _share(here, there)
            if back >= AGREES and i < j:
                continue
            is_same = min(forth, back) >= SAME and len(np.unique(here)) >= MIN_ROWS
            if is_same or _is_akin(name, other, looked[i][both], looked[j][both]):
                needless[name] = other
    return needless


def _share(given: np.ndarray, said: np.ndarray) -> float:
    """Return in which share of the rows the value of ``given`` determines that of ``said``.

    It is 0 where nothing is to be told, or ``given`` is nearly a name for each row.
    """
    n = np.bincount(given)
    kept = n[given] >= MIN_ROWS
    given, said = given[kept], said[kept]
    of_said = np.bincount(said)
    is_told = (of_said > 0).sum() > 1 and of_said.max() < AGREES * len(said)
    if not is_told or (n > 0).sum() > max(MIN_ROWS, MAX_DISTINCT * n.sum()):
        return 0.0
    pairs, counts = np.unique(given * len(of_said) + said, return_counts=True)
    most = np.zeros(len(n), int)
    np.maximum.at(most, pairs // len(of_said), counts)
    return float(most.sum() / len(said))


def _is_akin(name: str, other: str, values: np.ndarray, others: np.ndarray) -> bool:
    """Whether two columns are of one property, by their names or by their values."""
    (properties, things), (other_properties, other_things) = _parted(name), _parted(other)
    if properties & other_properties and things == other_things:
        return True
    pairs = zip(values.tolist(), others.tolist(), strict=True)
    n_within = sum(set(words_of(a)) <= set(words_of(b)) for a, b in pairs)
    return n_within >= WITHIN * max(len(values), 1)


def _parted(name: str) -> tuple[set[str], set[str]]:
    """Return the beginnings of a name's words that are properties, and its other words."""
    stems = {word[:_STEM] for word in property_words()}
    words = [word for word in words_of(name) if not is_empty_word(word)]
    return (
        {word[:_STEM] for word in words if word[:_STEM] in stems},
        {word for word in words if word[:_STEM] not in stems},
    )
