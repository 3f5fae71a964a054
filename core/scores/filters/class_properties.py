"""Selectivity of filters and sparseness of words of each class, against the class's accuracy.

Guo et al. relate the selectivity of filters and the sparseness of concepts to accuracy (WACV
workshops, 2022). Here both are properties of a class: the sparseness (Hoyer, 2004) of its
description p(t given c), and the mean class selectivity (Morcos et al., 2018) of its filters,
weighted by their part of its positive weights. Their relation to test accuracy over classes is
Spearman's rank correlation, with a bootstrap interval over classes; the control exchanges the
accuracies between classes.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from fieldmarks.core.bootstrap import LEVELS
from fieldmarks.core.estimators.filter_statistics import sparseness
from fieldmarks.core.probability import sigma
from fieldmarks.core.run.run import Run

#: Bootstrap resamples of classes, and exchanges of accuracies between them.
N_RESAMPLES = 1000
#: Fewer classes than this have no interval worth showing.
MIN_CLASSES = 5


@dataclass(frozen=True)
class Relation:
    """Spearman's rank correlation over classes.

    Attributes
    ----------
    rho, low, high : float
        In [-1, 1], with its 95 % interval; NaN where one of both does not vary.
    p_value : float
        Share of exchanges with a correlation at least as far from 0, in (0, 1].
    n : int
        Classes.
    """

    rho: float
    low: float
    high: float
    p_value: float
    n: int

    @property
    def is_shown(self) -> bool:
        """Whether the interval leaves out 0 and the exchanges agree."""
        return bool((self.low > 0 or self.high < 0) and self.p_value <= 0.05)


def class_properties(run: Run, estimator: str | None = None) -> pd.DataFrame:
    """Return ``accuracy``, ``sparseness``, ``selectivity`` and ``n`` of each class.

    Returns
    -------
    DataFrame
        Indexed by class c, of classes with test images; accuracy over its n test images, all other
        values in [0, 1].
    """
    true_c = run.images["true_c"].to_numpy()[run.is_test]
    n = np.bincount(true_c, minlength=run.sizes["C"])
    n_right = np.bincount(true_c, weights=run.is_right[run.is_test], minlength=len(n))
    weight = sigma(np.asarray(run.weights(None), float))
    p_t_given_c = weight @ np.asarray(run.array("p_t_given_f", estimator), float)
    table = pd.DataFrame(
        {
            "accuracy": n_right / np.maximum(n, 1),
            "sparseness": sparseness(p_t_given_c),
            "selectivity": weight @ run.filters["selectivity"].to_numpy(float),
            "n": n,
        }
    )
    return table[n > 0]


def relation(values: np.ndarray, accuracy: np.ndarray, seed: int = 0) -> Relation:
    """Return the rank correlation of a property of classes with their accuracy.

    Parameters
    ----------
    values, accuracy : ndarray of shape (n,)
    seed : int
        Of resamples and exchanges.
    """
    rng, n = np.random.default_rng(seed), len(values)
    rho = _rank_correlation(values[None], accuracy[None])[0]
    if n < MIN_CLASSES or not np.isfinite(rho):
        return Relation(float(rho), np.nan, np.nan, 1.0, n)
    drawn = rng.integers(0, n, (N_RESAMPLES, n))
    again = _rank_correlation(values[drawn], accuracy[drawn])
    low, high = np.nanpercentile(again, LEVELS)
    exchanged = rng.permuted(np.tile(accuracy, (N_RESAMPLES, 1)), axis=1)
    chance = _rank_correlation(np.tile(values, (N_RESAMPLES, 1)), exchanged)
    p_value = (1 + (np.abs(chance) >= abs(rho) - 1e-12).sum()) / (1 + N_RESAMPLES)
    return Relation(float(rho), float(low), float(high), float(p_value), n)


def _rank_correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation of the rows, NaN where one does not vary."""
    a, b = (stats.rankdata(side, axis=1) for side in (a, b))
    a, b = (side - side.mean(axis=1, keepdims=True) for side in (a, b))
    scale = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    result = np.full(len(a), np.nan)
    return np.divide((a * b).sum(axis=1), scale, out=result, where=scale > 0)
