"""What explanations are products of, and the most probable attributes of many images at once."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from fieldmarks.core.explanations.attribute_ranking import top_attributes
from fieldmarks.core.explanations.never_together import never_together
from fieldmarks.core.explanations.seen import excluding, lead_parts, mean_weights, said
from fieldmarks.core.head import Head, LocalWeights, effective_weights
from fieldmarks.core.presence.presence import Presence, presence_of
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
    """

    pooled: np.ndarray
    head: Head
    local: LocalWeights | None
    sentence_weights: np.ndarray
    attributes: pd.DataFrame
    excludes: sparse.csr_array | None = None
    seen: "Seen | None" = None

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
        )

    def top(self, xs: np.ndarray, c: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the k attributes of images explained as classes, and their p.

        Parameters
        ----------
        xs, c : ndarray of shape (n,)
            Images, and the class that each is explained as.
        k : int

        Returns
        -------
        top_t : ndarray of shape (n, k), int32
            -1 where fewer attributes remain.
        top_p : ndarray of shape (n, k), float32
            p(t given x, c), 0 where there is none.
        """
        pooled = self.pooled[xs]
        p = words_given_xc(pooled, self._weights(xs, pooled, c), self.sentence_weights)
        top_t = top_attributes(p, self.attributes, k, self.excludes)
        top_p = np.take_along_axis(p, np.maximum(top_t, 0), axis=1)
        return top_t, np.where(top_t >= 0, top_p, 0)

    def said(self, xs: np.ndarray, c: np.ndarray) -> np.ndarray | None:
        """Return the words of the sentences of images as classes, shape (n, 5), -1 for none.

        Parameters
        ----------
        xs, c : ndarray of shape (n,)
            Images, and the class that each is explained as.

        Returns
        -------
        ndarray or None
            None where presence is not claimed.
        """
        if self.seen is None:
            return None
        pooled = self.pooled[xs]
        weights = self._weights(xs, pooled, c)
        p = words_given_xc(pooled, weights, self.sentence_weights)
        usual = mean_weights(self.head, pooled)
        part = lead_parts(pooled, weights, usual, self.seen.p_t_given_f)
        k = min(N_EXPLAIN, p.shape[1])
        excludes = self.seen.excludes
        ts = said(p, self.seen.presence.q(pooled), part, self.attributes, k, excludes)
        return np.pad(ts, ((0, 0), (0, N_EXPLAIN - k)), constant_values=-1)

    def _weights(self, xs: np.ndarray, pooled: np.ndarray, c: np.ndarray) -> np.ndarray:
        local = self.local
        if local is not None:
            local = LocalWeights(local.classes[xs], local.weights[xs])
        return effective_weights(self.head, pooled, c, local)


@dataclass(frozen=True)
class Seen:
    """What decides which words are seen and count.

    Parameters
    ----------
    presence : Presence
    p_t_given_f : ndarray of shape (F, T)
    excludes : csr_array of shape (T, T), bool
        See `core.explanations.seen.excluding`.
    """

    presence: Presence
    p_t_given_f: np.ndarray
    excludes: sparse.csr_array

    @classmethod
    def of(cls, run: Run) -> "Seen | None":
        """Return that of a run, None where presence is not claimed."""
        presence = presence_of(run.source)
        if presence is None:
            return None
        p_t_given_f = np.asarray(run.array("p_t_given_f"))
        return cls(presence, p_t_given_f, excluding(run.source))
