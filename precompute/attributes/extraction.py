"""Attribute extraction: counts of attributes in the captions and annotations of each image."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd
from scipy import sparse

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.core.attributes.nouns import Nouns
from fieldmarks.core.errors import DataError
from fieldmarks.precompute.attributes.giveaways import Giveaways
from fieldmarks.precompute.attributes.inflection import with_forms
from fieldmarks.precompute.attributes.phrases import Reading, attributes_in
from fieldmarks.precompute.attributes.synonyms import Synonyms, singular
from fieldmarks.precompute.attributes.tagger import Tagger, default_tagger
from fieldmarks.precompute.attributes.unsaid import unsaid
from fieldmarks.precompute.attributes.whole_words import whole_words
from fieldmarks.precompute.data.annotated import Annotated, Property

#: Attributes of fewer images are too rare to be learnt.
MIN_IMAGES = 5
#: The contract's counts have 16 bits; who has more captions of an image loses nothing by this.
_MOST = 2**16 - 1


@dataclass(frozen=True)
class AttributeCounts:
    """The attributes T of a data set and their counts in each image.

    Parameters
    ----------
    table : DataFrame of T rows
        Columns of the contract's table ``attributes``, by descending ``n_images``, then by phrase.
    counts : sparse array of shape (X, T), uint16
        How many captions and statements of image x name attribute t.
    """

    table: pd.DataFrame
    counts: sparse.csr_array


@dataclass(frozen=True)
class Definition:
    """What of a caption is an attribute.

    Parameters
    ----------
    nouns : Nouns
    synonyms : Synonyms, optional
        Synonyms become one and empty words are dropped; without it only plurals become singular.
    kinds : sequence of str
        See `precompute.attributes.phrases.attributes_in`.
    giveaways : Giveaways, optional
        Words from which no attribute is made.
    """

    nouns: Nouns
    synonyms: Synonyms | None = None
    kinds: Sequence[str] = ("pair",)
    giveaways: Giveaways | None = None

    def read(self, reading: Reading) -> set[Attribute]:
        """Return the attributes that one caption says: nouns in the singular, merged."""
        reading = whole_words(reading)
        written = attributes_in(reading, self.nouns.ends_phrase, self.kinds, unsaid(reading))
        singulars = {each._replace(noun=singular(each.noun)) for each in written}
        if self.giveaways is not None:
            singulars = {b for each in singulars if (b := self.giveaways.without(each)) is not None}
        if self.synonyms is None:
            return singulars
        merged = {each: self.synonyms.merge(each) for each in singulars}
        said = {each for each in merged.values() if each is not None}
        if "noun" in self.kinds:
            # "many trees": the adjective says nothing, the noun does
            nouns = {each.noun for each in said}
            alone = (
                self.synonyms.merge(each._replace(adjective="", kind="noun")) for each in merged
            )
            said |= {each for each in alone if each is not None and each.noun not in nouns}
        return said


def extract(
    lines: Sequence[Sequence[str]],
    definition: Definition,
    *,
    annotated: Annotated | None = None,
    likely: Annotated | None = None,
    min_images: int = MIN_IMAGES,
    teach: np.ndarray | None = None,
    tagger: Tagger | None = None,
    progress: Callable[..., Iterable[Reading]] | None = None,
) -> AttributeCounts:
    """Count the attributes of each image.

    Parameters
    ----------
    lines : sequence of sequences of str
        The captions of each image; empty where there are none.
    definition : Definition
    annotated : Annotated, optional
        Attributes that are given as such.
    likely : Annotated, optional
        Attributes that a model says are likely seen.
    min_images : int
        Attributes named of fewer images are left out.
    teach : ndarray of shape (X,), bool, optional
        The images that count for that, those of the training split; all by default.
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
    attributes, counts = _count(_named(lines, readings, definition))
    properties: dict[str, Property] = {}
    if likely is not None:
        attributes, counts = _joined(attributes, counts, likely)
    if annotated is not None:
        named = [attribute.phrase for attribute in annotated.attributes]
        properties = {phrase: annotated.property_of(a) for a, phrase in enumerate(named)}
        attributes, counts = _joined(attributes, counts, annotated)
    made = _frequent(attributes, counts, definition.nouns, min_images, teach)
    of = [properties.get(a.phrase) or Property(a.noun) for a in made.table.itertuples()]
    made.table["property"] = [each.name for each in of]
    made.table["is_exclusive"] = np.array([each.is_exclusive for each in of], bool)
    made.table["is_complete"] = np.array([each.is_complete for each in of], bool)
    return made


def _named(
    lines: Sequence[Sequence[str]], readings: Iterable[Reading], definition: Definition
) -> Iterator[Counter[Attribute]]:
    """Yield the attributes in the captions of each image, with their number of captions."""
    owners = chain.from_iterable([x] * len(captions) for x, captions in enumerate(lines))
    counters = (Counter[Attribute]() for _ in lines)
    at, counter = 0, next(counters, Counter[Attribute]())
    for x, reading in zip(owners, readings, strict=True):
        while at < x:
            yield counter
            at, counter = at + 1, next(counters)
        counter.update(definition.read(reading))
    yield counter
    yield from counters


def _count(per_image: Iterable[Counter[Attribute]]) -> tuple[list[Attribute], sparse.csr_array]:
    """Return all attributes and their counts, image by image."""
    number: dict[str, int] = {}
    attributes: list[Attribute] = []
    ends, ts, values = array("q", [0]), array("i"), array("H")
    for counter in per_image:
        for attribute, n in counter.items():
            t = number.setdefault(attribute.phrase, len(number))
            if t == len(attributes):
                attributes.append(attribute)
            ts.append(t)
            values.append(min(n, _MOST))
        ends.append(len(ts))
    shape = (len(ends) - 1, len(number))
    counts = sparse.csr_array((np.array(values), np.array(ts), np.array(ends)), shape=shape)
    counts.sum_duplicates()
    return attributes, counts


def _joined(
    attributes: list[Attribute], counts: sparse.csr_array, annotated: Annotated
) -> tuple[list[Attribute], sparse.csr_array]:
    """Return the attributes of both; what has the same phrase is the annotated one."""
    number = {attribute.phrase: a for a, attribute in enumerate(annotated.attributes)}
    joined = list(annotated.attributes)
    column = np.empty(len(attributes), int)
    for a, attribute in enumerate(attributes):
        if attribute.phrase not in number:
            number[attribute.phrase] = len(joined)
            joined.append(attribute)
        column[a] = number[attribute.phrase]
    X = counts.shape[0]
    said, given = counts.tocoo(), annotated.counts.tocoo()
    at = (
        np.concatenate([said.row, given.row]),
        np.concatenate([column[said.col] if len(column) else said.col, given.col]),
    )
    values = np.concatenate([said.data, given.data]).astype(np.int64)
    return joined, sparse.coo_array((values, at), (X, len(joined))).tocsr()


def _frequent(
    attributes: list[Attribute],
    counts: sparse.csr_array,
    nouns: Nouns,
    min_images: int,
    teach: np.ndarray | None,
) -> AttributeCounts:
    """Return the attributes that are frequent enough among the images that teach."""
    n_images = np.bincount(counts.indices, minlength=len(attributes)).tolist()
    taught = counts if teach is None else counts[np.flatnonzero(teach)]
    n_taught = np.bincount(taught.indices, minlength=len(attributes))
    kept = np.flatnonzero(n_taught >= min_images).tolist()
    if not kept:
        raise DataError(
            f"expected attributes named in at least {min_images} images, found none among "
            f"{len(attributes)} in the words of {taught.shape[0]} images: lower --min-images, "
            "or check that the captions are English"
        )
    kept.sort(key=lambda a: (-n_images[a], attributes[a].phrase))
    chosen = [attributes[a] for a in kept]
    counts = counts[:, kept]
    counts.sort_indices()
    counts.data = np.minimum(counts.data, _MOST)
    table = pd.DataFrame(
        {
            "phrase": [attribute.phrase for attribute in chosen],
            "kind": [attribute.kind for attribute in chosen],
            "adjective": [attribute.adjective for attribute in chosen],
            "noun": [attribute.noun for attribute in chosen],
            "number": [nouns.number_of(attribute.noun) for attribute in chosen],
            "part": [nouns.part_of(attribute.noun) for attribute in chosen],
            "n_images": np.array([n_images[a] for a in kept], np.int32),
            "n_captions": np.asarray(counts.sum(axis=0, dtype=np.int64)).astype(np.int32),
        }
    )
    return AttributeCounts(with_forms(table), counts.astype(np.uint16))
