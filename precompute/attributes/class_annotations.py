"""The paper's first supervision: attributes from class annotations instead of captions.

CUB gives for each of its 200 classes the percentage of annotators that saw each of 312 attributes.
A class gets ten descriptions, and an attribute occurs in the same share of them as annotators saw
it. Every image of the class has these descriptions in place of captions.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.errors import DataError
from precompute.attributes.extraction import AttributeCounts, count_pairs
from precompute.attributes.phrases import Pair
from precompute.datasets.captions import Lines, Words

N_DESCRIPTIONS = 10
#: What CUB calls a thing, and what captions call it.
_NOUNS = {"": "bird", "primary": "plumage", "upper_tail": "tail", "under_tail": "tail"}
_NAME = re.compile(r"has_(?:(?P<thing>\w+)_)?(?:shape|color|pattern|length|size)::(?P<value>\S+)")


def read_annotations(cub: Path, class_ids: Sequence[int], true_c: np.ndarray) -> Words:
    """Return ten descriptions of every image, lists of adjective-noun pairs with commas.

    Parameters
    ----------
    cub : Path
        The folder ``CUB_200_2011``; ``attributes.txt`` lies beside it or in ``attributes/``.
    class_ids : sequence of int
        The data set's own number of each class c: its row in the file, from 1.
    true_c : ndarray of shape (X,)

    Raises
    ------
    DataError
        If a file is missing or malformed, or has no row for a class.
    """
    table = cub / "attributes" / "class_attribute_labels_continuous.txt"
    names = next(
        (
            path
            for path in (cub / "attributes" / "attributes.txt", cub.parent / "attributes.txt")
            if path.is_file()
        ),
        None,
    )
    if names is None or not table.is_file():
        raise DataError(
            f"expected {table} and attributes.txt beside {cub} or in its attributes folder, found "
            f"{'no attributes.txt' if names is None else 'no table'}: use --attributes captions"
        )
    pairs = [pair_of(line) for line in names.read_text("utf-8").splitlines() if line.strip()]
    try:
        percent = np.loadtxt(table, ndmin=2)
    except ValueError as error:
        raise DataError(f"expected rows of numbers in {table}: {error}") from None
    if percent.shape[1] != len(pairs) or len(percent) < max(class_ids):
        raise DataError(
            f"expected {max(class_ids)} rows or more of {len(pairs)} numbers in {table}, found "
            f"{percent.shape[0]} of {percent.shape[1]}"
        )
    described = [_descriptions(pairs, percent[class_id - 1]) for class_id in class_ids]
    return Words(Lines(described[c] for c in true_c))


def pair_of(line: str) -> Pair:
    """Return an attribute of CUB as adjective and noun.

    >>> str(" ".join(pair_of("1 has_bill_shape::curved_(up_or_down)")))
    'curved bill'
    >>> str(" ".join(pair_of("236 has_size::large_(16_-_32_in)")))
    'large bird'
    >>> str(" ".join(pair_of("73 has_tail_shape::forked_tail")))
    'forked tail'
    """
    match = _NAME.fullmatch(line.split(maxsplit=1)[-1].strip())
    if match is None:
        raise DataError(f"expected a name like has_bill_shape::hooked, found {line.strip()!r}")
    thing = match["thing"] or ""
    value = re.sub(r"[-_](tail|wings)$", "", match["value"].partition("_(")[0])
    return Pair(value.replace("_", "-"), _NOUNS.get(thing, thing))


def extract_annotated(lines: Sequence[Sequence[str]], min_images: int) -> AttributeCounts:
    """Return the attributes of descriptions that `read_annotations` wrote."""
    return count_pairs(map(_described, lines), min_images)


def _described(descriptions: Sequence[str]) -> Counter[Pair]:
    counter: Counter[Pair] = Counter()
    for text in descriptions:
        pairs = {phrase.rpartition(" ") for phrase in text.split(", ") if phrase}
        counter.update(Pair(adjective, noun) for adjective, _, noun in pairs)
    return counter


def _descriptions(pairs: list[Pair], percent: np.ndarray) -> list[str]:
    """Return ten lists of pairs; a pair that p percent saw is in the first p/10 of them."""
    share = dict.fromkeys(pairs, 0.0)
    for pair, value in zip(pairs, percent, strict=True):
        share[pair] = max(share[pair], value)
    levels = (np.arange(N_DESCRIPTIONS) + 0.5) * 100 / N_DESCRIPTIONS
    return [
        ", ".join(" ".join(pair) for pair, value in share.items() if value > level)
        for level in levels
    ]
