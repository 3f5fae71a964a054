"""Attribute ranking of an explanation: the most probable attributes without contradictions.

Of two attributes at opposite poles of one dimension of one noun ("a long, short bill"), and of two
that exclude each other by the words of the training images, only the more probable is kept. The
selected attributes are sorted by descending lift, so that attributes of nearly every image come
last.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from fieldmarks.core.attributes.wordlists import OPPOSITES


@dataclass(frozen=True)
class Poles:
    """The dimension of each attribute and its pole there.

    Parameters
    ----------
    dimension : ndarray of shape (T,), int
        Equal for the same dimension of the same noun, -1 for none.
    pole : ndarray of shape (T,), int
        Two attributes of one dimension with different poles contradict each other.
    """

    dimension: np.ndarray
    pole: np.ndarray

    @classmethod
    def of(cls, attributes: pd.DataFrame) -> "Poles":
        """Return those of a table of attributes.

        Parameters
        ----------
        attributes : DataFrame
            With the columns ``adjective``, ``noun`` and ``kind``, and, but in older runs,
            ``property`` and ``is_exclusive``.
        """
        side = {
            a: (d, p)
            for d, pair in enumerate(OPPOSITES)
            for p, words in enumerate(pair)
            for a in words
        }
        nouns = pd.factorize(attributes["noun"])[0]
        sides = [side.get(adjective, (-1, 0)) for adjective in attributes["adjective"]]
        dimension, pole = np.array(sides, dtype=int).reshape(-1, 2).T.copy()
        dimension = np.where(dimension < 0, -1, nouns * len(OPPOSITES) + dimension)
        # each value of a property that has only one excludes the others
        is_value = (attributes["kind"] == "is").to_numpy()
        of = attributes["noun"]
        if "is_exclusive" in attributes:
            is_value = is_value | attributes["is_exclusive"].to_numpy(bool)
            of = attributes["property"].where(attributes["is_exclusive"].astype(bool), of)
        properties = pd.factorize(of)[0]
        dimension[is_value] = len(attributes) * len(OPPOSITES) + properties[is_value]
        pole[is_value] = np.flatnonzero(is_value)
        return cls(dimension, pole)

    def __getitem__(self, ts: np.ndarray) -> "Poles":
        """Return those of some of the attributes."""
        return Poles(self.dimension[ts], self.pole[ts])


def top_attributes(
    p: np.ndarray,
    attributes: pd.DataFrame | Poles,
    k: int,
    excludes: sparse.csr_array | None = None,
) -> np.ndarray:
    """Return the k most probable attributes of each row, without contradictions.

    Parameters
    ----------
    p : ndarray of shape (B, T)
        Attribute p.d.f.s.
    attributes : DataFrame or Poles
        The table, one row per attribute, or its poles where they are needed again and again.
    k : int
        Number of attributes to keep, at most T.
    excludes : csr_array of shape (T, T), bool, optional
        Symmetric, see `core.explanations.never_together`.

    Returns
    -------
    ndarray of shape (B, k), int32
        By descending p; -1 where fewer than k remain.
    """
    n_candidates = min(2 * k, p.shape[1])
    candidates = np.argpartition(-p, n_candidates - 1, axis=1)[:, :n_candidates]
    candidates.sort(axis=1)  # ties in the order of t
    by_p = np.argsort(-np.take_along_axis(p, candidates, axis=1), axis=1, kind="stable")
    candidates = np.take_along_axis(candidates, by_p, axis=1)
    ts, place = np.unique(candidates, return_inverse=True)
    place = place.reshape(candidates.shape)
    poles = attributes[ts] if isinstance(attributes, Poles) else Poles.of(attributes.iloc[ts])
    dimension, pole = poles.dimension[place], poles.pole[place]
    keep = np.ones(candidates.shape, dtype=bool)
    apart = excludes[ts][:, ts].toarray() if excludes is not None and excludes.nnz else None
    for j in range(1, n_candidates):
        same = (dimension[:, :j] == dimension[:, j : j + 1]) & (dimension[:, j : j + 1] >= 0)
        clash = same & (pole[:, :j] != pole[:, j : j + 1])
        if apart is not None:
            clash |= apart[place[:, :j], place[:, j : j + 1]]
        keep[:, j] = ~(clash & keep[:, :j]).any(axis=1)
    first = np.argsort(~keep, axis=1, kind="stable")[:, :k]
    kept = np.take_along_axis(keep, first, axis=1)
    return np.where(kept, np.take_along_axis(candidates, first, axis=1), -1).astype(np.int32)


def by_lift(top: np.ndarray, p: np.ndarray, mean_p: np.ndarray) -> np.ndarray:
    """Return the attributes of each row by descending lift: p divided by the mean filter's p.

    Parameters
    ----------
    top : ndarray of shape (B, k), int
        Attributes from `top_attributes`; -1 for none, which stays last.
    p : ndarray of shape (B, T)
        Attribute p.d.f.s.
    mean_p : ndarray of shape (T,)
        The mean p.d.f. of all filters.

    >>> p, mean_p = np.array([[0.6, 0.1, 0.3]]), np.array([0.8, 0.1, 0.1])
    >>> by_lift(np.array([[0, 2, -1]]), p, mean_p)
    array([[ 2,  0, -1]])
    """
    ts = np.maximum(top, 0)
    lift = np.take_along_axis(p, ts, axis=1) / np.maximum(mean_p[ts], np.finfo(np.float32).tiny)
    order = np.argsort(np.where(top >= 0, -lift, np.inf), axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1)
