"""Which filters carry a word, and how much of a prediction each of them carries."""

from dataclasses import dataclass

import numpy as np

from core import probability
from core.runs.run import Run


@dataclass(frozen=True)
class Carriers:
    """Filters behind attribute t in image x for class c, by falling share of the word.

    Attributes
    ----------
    fs : ndarray of shape (n,)
        Filters.
    of_word : ndarray of shape (n,), in [0, 1]
        p(f given x, c) p(t given f) / p(t given x, c): sums to 1 over all F.
    of_logit : ndarray of shape (n,)
        phi(f(x)) W[c, f] / (logit - bias): sums to 1 over all F; may be negative.
    """

    fs: np.ndarray
    of_word: np.ndarray
    of_logit: np.ndarray


def carriers(
    run: Run, x: int, c: int, t: int, n: int = 8, estimator: str | None = None
) -> Carriers:
    """Return the n filters that carry attribute t in image x for class c."""
    pooled = np.asarray(run.array("pooled")[x], dtype=float)
    weights = np.asarray(run.array("class_weights")[c], dtype=float)
    p_t = np.asarray(run.array("p_t_given_f", estimator)[:, t], dtype=float)
    carried = probability.p_f_given_xc(pooled, weights) * p_t
    total = carried.sum()
    fs = np.argsort(-carried, kind="stable")[:n]
    fs = fs[carried[fs] > 0]
    products = pooled * weights
    evidence = products.sum()
    of_logit = products[fs] / evidence if evidence else np.zeros(len(fs))
    return Carriers(fs, carried[fs] / total if total else carried[fs], of_logit)


def carriers_in_class(
    run: Run, c: int, t: int, n: int = 8, estimator: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the n filters that carry t in the description of class c, and their shares of it."""
    weights = np.asarray(run.array("class_weights")[c], dtype=float)
    carried = probability.sigma(weights) * run.array("p_t_given_f", estimator)[:, t]
    fs = np.argsort(-carried, kind="stable")[:n]
    fs = fs[carried[fs] > 0]
    return fs, carried[fs] / max(carried.sum(), np.finfo(float).tiny)


def filters_of(run: Run, t: int, n: int = 12, estimator: str | None = None) -> np.ndarray:
    """Return the filters that speak most of attribute t, by falling p(t given f)."""
    return np.argsort(-run.array("p_t_given_f", estimator)[:, t], kind="stable")[:n]


def classes_of(run: Run, f: int, n: int = 12) -> np.ndarray:
    """Return the classes that lean on filter f, by falling W[c, f]; positive weights only."""
    weights = run.array("class_weights")[:, f]
    cs = np.argsort(-weights, kind="stable")[:n]
    return cs[weights[cs] > 0]
