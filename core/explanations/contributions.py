"""Contributions of filters to an attribute and to the logit of a class."""

from dataclasses import dataclass

import numpy as np

from core import probability
from core.runs.run import Run


@dataclass(frozen=True)
class FilterContributions:
    """Filters that contribute to attribute t in image x for class c, by descending contribution.

    Attributes
    ----------
    fs : ndarray of shape (n,)
        Filters.
    attribute_share : ndarray of shape (n,), in [0, 1]
        p(f given x, c) p(t given f) / p(t given x, c): sums to 1 over all F.
    logit_share : ndarray of shape (n,)
        phi(f(x)) W[c, f] / (logit - bias): sums to 1 over all F; may be negative.
    """

    fs: np.ndarray
    attribute_share: np.ndarray
    logit_share: np.ndarray


def filter_contributions(
    run: Run, x: int, c: int, t: int, n: int = 8, estimator: str | None = None
) -> FilterContributions:
    """Return the n filters with the largest contributions to attribute t in image x for class c."""
    pooled = np.asarray(run.array("pooled")[x], dtype=float)
    weights = np.asarray(run.weights(x, c), dtype=float)
    p_t = np.asarray(run.array("p_t_given_f", estimator)[:, t], dtype=float)
    contribution = probability.p_f_given_xc(pooled, weights) * p_t
    total = contribution.sum()
    fs = np.argsort(-contribution, kind="stable")[:n]
    fs = fs[contribution[fs] > 0]
    products = pooled * weights
    evidence = products.sum()
    attribute_share = contribution[fs] / total if total else contribution[fs]
    logit_share = products[fs] / evidence if evidence else np.zeros(len(fs))
    return FilterContributions(fs, attribute_share, logit_share)


def class_filter_contributions(
    run: Run, c: int, t: int, n: int = 8, estimator: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the n filters with the largest contributions to p(t given c), and their shares."""
    weights = np.asarray(run.array("class_weights")[c], dtype=float)
    contribution = probability.sigma(weights) * run.array("p_t_given_f", estimator)[:, t]
    fs = np.argsort(-contribution, kind="stable")[:n]
    fs = fs[contribution[fs] > 0]
    return fs, contribution[fs] / max(contribution.sum(), np.finfo(float).tiny)


def top_filters(run: Run, t: int, n: int = 12, estimator: str | None = None) -> np.ndarray:
    """Return the n filters with the largest p(t given f), descending."""
    return np.argsort(-run.array("p_t_given_f", estimator)[:, t], kind="stable")[:n]


def top_classes(run: Run, f: int, n: int = 12) -> np.ndarray:
    """Return the n classes with the largest weights W[c, f], descending; positive weights only."""
    weights = run.array("class_weights")[:, f]
    cs = np.argsort(-weights, kind="stable")[:n]
    return cs[weights[cs] > 0]
