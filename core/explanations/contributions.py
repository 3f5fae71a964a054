"""Contributions of filters to an attribute, to its heatmap, and to the logits of classes."""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core import probability
from fieldmarks.core.batching import blocks
from fieldmarks.core.half_precision import to_float32
from fieldmarks.core.run.run import Run


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


def lead_of_filters(
    run: Run, x: int, first: int, second: int, n: int = 10
) -> tuple[np.ndarray, np.ndarray]:
    """Return the n filters with the largest parts in the lead of one class over another.

    Parameters
    ----------
    run : Run
    x : int
        Image.
    first, second : int
        Classes.
    n : int

    Returns
    -------
    fs : ndarray of shape (n,)
        By descending absolute part; filters without a part are left out.
    part : ndarray of the same shape
        phi(f(x)) (W[first, f] - W[second, f]); over all F they sum to the difference of the two
        logits without the biases, of a head of first order to its estimate.
    """
    pooled = np.asarray(run.array("pooled")[x], dtype=float)
    part = pooled * (run.weights(x, first) - run.weights(x, second))
    fs = np.argsort(-np.abs(part), kind="stable")[:n]
    fs = fs[part[fs] != 0]
    return fs, part[fs]


def class_filter_contributions(
    run: Run, c: int, t: int, n: int = 8, estimator: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the n filters with the largest contributions to p(t given c), and their shares."""
    weights = np.asarray(run.weights(None, c), dtype=float)
    contribution = probability.sigma(weights) * run.array("p_t_given_f", estimator)[:, t]
    fs = np.argsort(-contribution, kind="stable")[:n]
    fs = fs[contribution[fs] > 0]
    return fs, contribution[fs] / max(contribution.sum(), np.finfo(float).tiny)


def top_filters(run: Run, t: int, n: int = 12, estimator: str | None = None) -> np.ndarray:
    """Return the n filters with the largest weights in the heatmap of attribute t, descending.

    The weights are those of `core.explanations.grounding.ground` with the same estimator, so that
    the filters behind a word are the same in a list and in a map; positive weights only.
    """
    weights = run.array("evidence", estimator)[:, t]
    fs = np.argsort(-weights, kind="stable")[:n]
    return fs[weights[fs] > 0]


def heatmap_contributions(
    run: Run, x: int, t: int, n: int = 8, estimator: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the n filters that contribute most to the maximum of a heatmap, and their shares.

    The heatmap of attribute t in image x is a sum over filters of weight times activation; at the
    cell where it is highest, the shares of all F sum to 1 and may be negative.

    Returns
    -------
    fs : ndarray of shape (at most n,)
        By descending contribution; positive contributions only, none where nothing is hot.
    shares : ndarray of the same shape
    """
    maps = to_float32(run.maps(x)).reshape(run.sizes["F"], -1)
    weights = np.asarray(run.array("evidence", estimator)[:, t], np.float32)
    heat = weights @ maps
    contribution = weights * maps[:, heat.argmax()]
    fs = np.argsort(-contribution, kind="stable")[:n]
    total = float(contribution.sum())
    fs = fs[(contribution[fs] > 0) & (total > 0)]
    return fs, contribution[fs] / total if total > 0 else np.zeros(0)


def filter_use(run: Run, n_images: int = 4096) -> np.ndarray:
    """Return the mean of p(f given x, c) over images, c the predicted class, shape (F,).

    It is the share of the positive evidence for predicted classes that each filter contributes, and
    sums to 1 over F.

    Parameters
    ----------
    run : Run
    n_images : int
        At most so many images, evenly spaced over the run.
    """
    X, total = run.sizes["X"], np.zeros(run.sizes["F"])
    xs = np.unique(np.linspace(0, X - 1, min(n_images, X)).astype(int))
    predicted_c = run.images["predicted_c"].to_numpy()
    for block in blocks(len(xs)):
        weights = np.asarray(run.weights(xs[block], predicted_c[xs[block]]), np.float32)
        pooled = np.asarray(run.array("pooled")[xs[block]], np.float32)
        total += probability.p_f_given_xc(pooled, weights).sum(axis=0)
    return total / len(xs)


def top_classes(run: Run, f: int, n: int = 12) -> np.ndarray:
    """Return the n classes with the largest weights W[c, f], descending; positive weights only."""
    weights = run.weights(None)[:, f]
    cs = np.argsort(-weights, kind="stable")[:n]
    return cs[weights[cs] > 0]
