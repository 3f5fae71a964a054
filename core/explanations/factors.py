"""What explanations are products of, and the most probable attributes of many images at once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse

from fieldmarks.core.explanations.attribute_ranking import Poles, top_attributes
from fieldmarks.core.explanations.never_together import never_together
from fieldmarks.core.explanations.seen import excluding, lead_parts, mean_weights, said
from fieldmarks.core.head import Head, LocalWeights, effective_weights
from fieldmarks.core.presence.presence import SAID, Presence, presence_of, side_by_side
from fieldmarks.core.presence.usual import rare_in_class
from fieldmarks.core.probability import words_given_xc
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.run import Run


def sentence_weights(run: Run, estimator: str | None = None) -> np.ndarray:
    """Return the weight of each filter for each word of a sentence, shape (F, T).

    ``sigma(p(f given x, c) @ weights)`` is p(t given x, c). They are p(t given f) itself, so that
    this is eq. (5), unless the estimator explains attributes by attributes.
    """
    name = f"sentence_weights/{estimator or run.default_estimator}"
    is_signed = name in run.array_names
    return run.array("sentence_weights" if is_signed else "p_t_given_f", estimator)


@dataclass(frozen=True)
class Factors:
    """What explanations are products of.

    Parameters
    ----------
    pooled : ndarray of shape (X, F)
        May be a memory map; read block by block.
    head : Head
    local : LocalWeights or None
        Of all images, for a head of first order.
    sentence_weights : ndarray of shape (F, T)
    attributes : DataFrame of T rows
    excludes : csr_array of shape (T, T), bool
        See `core.explanations.never_together`.
    seen : Seen or None
        None where presence is not claimed.
    moments : ndarray of shape (X, B), optional
        Of earlier blocks, where presence reads them.
    """

    pooled: np.ndarray
    head: Head
    local: LocalWeights | None
    sentence_weights: np.ndarray
    attributes: pd.DataFrame
    excludes: sparse.csr_array | None = None
    seen: "Seen | None" = None
    moments: np.ndarray | None = None

    @classmethod
    def of(cls, run: Run) -> "Factors":
        """Return those of a run, its default estimator's."""
        local = None
        if not run.head.is_exact:
            local = LocalWeights(run.array("local_c"), run.array("local_weights"))
        return cls(
            run.array("pooled"),
            run.head,
            local,
            np.asarray(sentence_weights(run)),
            run.attributes,
            never_together(run),
            Seen.of(run),
            run.array("block_moments") if "block_moments" in run.array_names else None,
        )

    @cached_property
    def poles(self) -> Poles:
        """Those of the attributes."""
        return Poles.of(self.attributes)

    def images(self, xs: np.ndarray) -> "ImageFactors":
        """Return what the explanations of images as any class have in common.

        Parameters
        ----------
        xs : ndarray of shape (n,)
        """
        pooled, local = self.pooled[xs], self.local
        if local is not None:
            local = LocalWeights(local.classes[xs], local.weights[xs])
        moments = None if self.moments is None else self.moments[xs]
        return ImageFactors(self, pooled, local, moments)

    def top(self, xs: np.ndarray, c: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return `ClassedImages.top` of images ``xs`` explained as classes ``c``, both (n,)."""
        return self.images(xs).as_classes(c).top(k)

    def said(self, xs: np.ndarray, c: np.ndarray) -> np.ndarray | None:
        """Return `ClassedImages.said` of images ``xs`` explained as classes ``c``, both (n,)."""
        return self.images(xs).as_classes(c).said()


class ImageFactors:
    """What the explanations of some images as any class have in common; see `Factors.images`.

    Parameters
    ----------
    factors : Factors
    pooled : ndarray of shape (n, F)
    local : LocalWeights or None
        Of these images.
    moments : ndarray of shape (n, B) or None
        Of earlier blocks.
    """

    def __init__(
        self,
        factors: Factors,
        pooled: np.ndarray,
        local: LocalWeights | None,
        moments: np.ndarray | None,
    ):
        self.factors, self.pooled, self.local, self.moments = factors, pooled, local, moments

    def as_classes(self, c: np.ndarray, rows: np.ndarray | slice = slice(None)) -> "ClassedImages":
        """Return them, or some of them, each explained as a class.

        Parameters
        ----------
        c : ndarray of shape (m,)
        rows : ndarray of shape (n,), bool, or slice
            Which m of the images; by default all.
        """
        pooled, local = self.pooled[rows], self.local
        if local is not None:
            local = LocalWeights(local.classes[rows], local.weights[rows])
        weights = effective_weights(self.factors.head, pooled, c, local)
        return ClassedImages(self, rows, c, pooled, weights)

    @cached_property
    def seen(self) -> tuple[np.ndarray, np.ndarray]:
        """The words that are seen in any of the images, (k,), and their q(t, x), (n, k)."""
        assert self.factors.seen is not None
        q = self.factors.seen.presence.q(side_by_side(self.pooled, self.moments))
        ts = np.flatnonzero((q > SAID).any(axis=0))
        return ts, q.take(ts, axis=1)


class ClassedImages:
    """Images, each explained as a class; see `ImageFactors.as_classes`.

    Parameters
    ----------
    images : ImageFactors
    rows : ndarray or slice
        Which of these.
    c : ndarray of shape (m,)
    pooled, weights : ndarray of shape (m, F)
        Their own, and those of their classes at them.
    """

    def __init__(
        self,
        images: ImageFactors,
        rows: np.ndarray | slice,
        c: np.ndarray,
        pooled: np.ndarray,
        weights: np.ndarray,
    ):
        self._factors, self._images, self._rows, self._c = images.factors, images, rows, c
        self._pooled, self._weights = pooled, weights
        #: p(t given x, c), shape (m, T).
        self.p = words_given_xc(pooled, weights, self._factors.sentence_weights)

    def top(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the k most probable attributes of each image, and their p.

        Returns
        -------
        top_t : ndarray of shape (m, k), int32
            -1 where fewer attributes remain.
        top_p : ndarray of shape (m, k), float32
            p(t given x, c), 0 where there is none.
        """
        top_t = top_attributes(self.p, self._factors.poles, k, self._factors.excludes)
        top_p = np.take_along_axis(self.p, np.maximum(top_t, 0), axis=1)
        return top_t, np.where(top_t >= 0, top_p, 0)

    def said(self) -> np.ndarray | None:
        """Return the words of their sentences, shape (m, 5), -1 for none.

        Returns
        -------
        ndarray or None
            None where presence is not claimed.
        """
        seen = self._factors.seen
        if seen is None:
            return None
        # words that no image shows are in no sentence
        ts, q = self._images.seen
        if not len(ts):
            return np.full((len(self.p), N_EXPLAIN), -1, np.int32)
        usual = mean_weights(self._factors.head, self._pooled)
        part = lead_parts(self._pooled, self._weights, usual, seen.p_t_given_f.take(ts, axis=1))
        part[seen.rare_in_class[np.ix_(self._c, ts)]] = 0
        k, excludes = min(N_EXPLAIN, len(ts)), seen.excludes[ts][:, ts]
        p, q = self.p.take(ts, axis=1), q[self._rows]
        words = said(p, q, part, self._factors.poles[ts], k, excludes)
        words = np.where(words >= 0, ts[words], -1).astype(np.int32)
        return np.pad(words, ((0, 0), (0, N_EXPLAIN - k)), constant_values=-1)


@dataclass(frozen=True)
class Seen:
    """What decides which words are seen and count.

    Parameters
    ----------
    presence : Presence
    p_t_given_f : ndarray of shape (F, T)
    excludes : csr_array of shape (T, T), bool
        See `core.explanations.seen.excluding`.
    rare_in_class : ndarray of shape (C, T), bool
        Words that are no reason for a class, see `core.presence.usual.rare_in_class`.
    """

    presence: Presence
    p_t_given_f: np.ndarray
    excludes: sparse.csr_array
    rare_in_class: np.ndarray

    @classmethod
    def of(cls, run: Run) -> "Seen | None":
        """Return that of a run, None where presence is not claimed."""
        presence = presence_of(run.source)
        if presence is None:
            return None
        p_t_given_f = np.asarray(run.array("p_t_given_f"))
        return cls(presence, p_t_given_f, excluding(run.source), rare_in_class(run.source))
