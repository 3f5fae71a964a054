"""Attributes that are annotated as such, of images or of their classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from fieldmarks.core.attributes.attribute import Attribute


class Property(NamedTuple):
    """What an attribute is a value of.

    Parameters
    ----------
    name : str
        A table's column, or the noun that captions describe.
    is_exclusive : bool
        An image has one value of it.
    is_complete : bool
        It is given for every image: one that lacks an attribute does not have it. Captions name
        some of what there is.
    """

    name: str
    is_exclusive: bool = False
    is_complete: bool = False


@dataclass(frozen=True)
class Annotated:
    """The annotations of each image.

    Parameters
    ----------
    attributes : sequence of A Attribute
        No phrase twice.
    counts : csr_array of shape (X, A), int
        How many of an image's statements name the attribute.
    n_statements : ndarray of shape (X,), int
        Statements of each image; 0 where nothing is known.
    level : str
        ``image``, or ``class`` where each class has its statements and each image those of its
        class: they say nothing of how images of a class differ.
    properties : sequence of A Property, optional
        Of each attribute; by default its noun.
    """

    attributes: Sequence[Attribute]
    counts: sparse.csr_array
    n_statements: np.ndarray
    level: str = "image"
    properties: Sequence[Property] = ()

    def property_of(self, a: int) -> Property:
        """Return what attribute a is a value of."""
        return self.properties[a] if self.properties else Property(self.attributes[a].noun)

    @property
    def parts(self) -> tuple:
        """All that makes it, for a fingerprint."""
        counts = self.counts
        arrays = counts.data, counts.indices, counts.indptr, self.n_statements
        return list(self.attributes), list(self.properties), *arrays

    def line(self, x: int) -> str:
        """Return the words of image x as one line: "navy blue, casual, for women"."""
        start, stop = self.counts.indptr[x : x + 2]
        return ", ".join(self.attributes[a].phrase for a in self.counts.indices[start:stop])


def of_classes(
    attributes: Sequence[Attribute], share: np.ndarray, true_c: np.ndarray, n_statements: int
) -> Annotated:
    """Give every image the annotations of its class.

    Parameters
    ----------
    attributes : sequence of A Attribute
        Of those with the same phrase the largest share counts.
    share : ndarray of shape (C, A)
        Share of the annotators who saw the attribute, in [0, 1].
    true_c : ndarray of shape (X,)
    n_statements : int
        How many statements a class gets; round(share) of them name the attribute.
    """
    unique = list(dict.fromkeys(attributes))
    at = {attribute: a for a, attribute in enumerate(unique)}
    levels = (np.arange(n_statements) + 0.5) / n_statements
    named = (share[:, :, None] > levels).sum(axis=2)
    counts = np.zeros((len(share), len(unique)), np.int32)
    for column, attribute in enumerate(attributes):
        np.maximum(counts[:, at[attribute]], named[:, column], out=counts[:, at[attribute]])
    per_image = sparse.csr_array(counts)[true_c]
    return Annotated(unique, per_image, np.full(len(true_c), n_statements), "class")
