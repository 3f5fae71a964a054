"""What explanations are products of, and the most probable attributes of many images at once."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from fieldmarks.core.explanations.attribute_ranking import top_attributes
from fieldmarks.core.explanations.never_together import never_together
from fieldmarks.core.head import Head, LocalWeights, effective_weights
from fieldmarks.core.probability import words_given_xc
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
    """

    pooled: np.ndarray
    head: Head
    local: LocalWeights | None
    sentence_weights: np.ndarray
    attributes: pd.DataFrame
    excludes: sparse.csr_array | None = None

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
        pooled, local = self.pooled[xs], self.local
        if local is not None:
            local = LocalWeights(local.classes[xs], local.weights[xs])
        weights = effective_weights(self.head, pooled, c, local)
        p = words_given_xc(pooled, weights, self.sentence_weights)
        top_t = top_attributes(p, self.attributes, k, self.excludes)
        top_p = np.take_along_axis(p, np.maximum(top_t, 0), axis=1)
        return top_t, np.where(top_t >= 0, top_p, 0)
