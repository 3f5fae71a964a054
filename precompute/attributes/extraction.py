"""Attribute extraction: counts of adjective-noun phrases in the captions of each image."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd
from scipy import sparse

from core.errors import DataError
from core.language.parts import part_of
from precompute.attributes.phrases import Pair, Reading, adjective_noun_pairs
from precompute.attributes.synonyms import Synonyms, singular
from precompute.attributes.tagger import Tagger, default_tagger

#: Attributes of fewer images are too rare to be learnt.
MIN_IMAGES = 5
#: The contract's counts have 16 bits; who has more captions of an image loses nothing by this.
_MOST = 2**16 - 1


@dataclass(frozen=True)
class AttributeCounts:
    """The attributes T of a data set and their counts in the captions of each image.

    Parameters
    ----------
    table : DataFrame of T rows
        Columns of the contract's table ``attributes``, by descending ``n_images``, then by phrase.
    counts : sparse array of shape (X, T), uint16
        How many captions of image x name attribute t.
    """

    table: pd.DataFrame
    counts: sparse.csr_array


def extract(
    lines: Sequence[Sequence[str]],
    *,
    merge: bool = True,
    min_images: int = MIN_IMAGES,
    tagger: Tagger | None = None,
    progress: Callable[..., Iterable[Reading]] | None = None,
) -> AttributeCounts:
    """Count the attributes of each image.

    Parameters
    ----------
    lines : sequence of sequences of str
        The captions of each image; empty where there are none.
    merge : bool
        Merge synonyms and drop words by the table; otherwise only plurals become singular.
    min_images : int
        Attributes named in the captions of fewer images are left out.
    tagger : Tagger, optional
        By default spaCy's model where it is installed, else the built-in rules.
    progress : callable, optional
        Wraps an iterable and takes ``total``, as `tqdm.tqdm` does.

    Raises
    ------
    DataError
        If no attribute is left.
    """
    if min_images < 1:
        raise DataError(f"expected min_images of at least 1, got {min_images}")
    n_captions = sum(map(len, lines))
    tagger = tagger or default_tagger(n_captions)
    readings = tagger.read(chain.from_iterable(lines))
    if progress is not None:
        readings = progress(readings, total=n_captions)
    table = Synonyms.load() if merge else None
    return count_pairs(_named(lines, readings, table), min_images)


def _named(
    lines: Sequence[Sequence[str]], readings: Iterable[Reading], table: Synonyms | None
) -> Iterator[Counter[Pair]]:
    """Yield the attributes in the captions of each image, with their number of captions."""
    owners = chain.from_iterable([x] * len(captions) for x, captions in enumerate(lines))
    counters = (Counter[Pair]() for _ in lines)
    at, counter = 0, next(counters, Counter[Pair]())
    for x, reading in zip(owners, readings, strict=True):
        while at < x:
            yield counter
            at, counter = at + 1, next(counters)
        counter.update(attributes_of(reading, table))
    yield counter
    yield from counters


def attributes_of(reading: Reading, table: Synonyms | None = None) -> set[Pair]:
    """Return the attributes of one caption: nouns in the singular, merged if a table is given."""
    named = {Pair(pair.adjective, singular(pair.noun)) for pair in adjective_noun_pairs(reading)}
    if table is None:
        return named
    return {merged for pair in named if (merged := table.merge(pair)) is not None}


def count_pairs(per_image: Iterable[Counter[Pair]], min_images: int) -> AttributeCounts:
    """Return the counts of the pairs that are frequent enough, image by image."""
    number: dict[Pair, int] = {}
    ends, ts, values = array("q", [0]), array("i"), array("H")
    for counter in per_image:
        ts.extend(number.setdefault(pair, len(number)) for pair in counter)
        values.extend(min(n, _MOST) for n in counter.values())
        ends.append(len(ts))
    shape = (len(ends) - 1, len(number))
    every = sparse.csr_array((np.array(values), np.array(ts), np.array(ends)), shape=shape)
    n_images = dict(zip(number, np.bincount(ts, minlength=len(number)).tolist(), strict=True))
    kept = [pair for pair, n in n_images.items() if n >= min_images]
    if not kept:
        raise DataError(
            f"expected attributes named in at least {min_images} images, found none among "
            f"{len(n_images)} in the captions of {shape[0]} images: lower --min-images"
        )
    kept.sort(key=lambda pair: (-n_images[pair], " ".join(pair)))
    counts = every[:, [number[pair] for pair in kept]]
    counts.sort_indices()
    table = pd.DataFrame(
        {
            "phrase": [" ".join(pair) for pair in kept],
            "adjective": [pair.adjective for pair in kept],
            "noun": [pair.noun for pair in kept],
            "part": [part_of(pair.noun) for pair in kept],
            "n_images": np.array([n_images[pair] for pair in kept], np.int32),
            "n_captions": np.asarray(counts.sum(axis=0, dtype=np.int64)).astype(np.int32),
        }
    )
    return AttributeCounts(table, counts)
