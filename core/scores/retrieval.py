"""Retrieval (paper, Table 2): whether explanations name the attributes that captions name.

An image is retrieved for an attribute when its explanation (the top five attributes) contains it;
it is relevant when its captions do. Mean average precision scores the whole ranking by p(t given x,
c), over all images and within each class, where the class carries no information.
"""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.batching import blocks
from fieldmarks.core.bootstrap import Resamples, Score, interval, ratios
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.average_precision import Rankings

N_ATTRIBUTES = 50
#: Resamples of average precision, which is slow to compute.
N_RANKING_RESAMPLES = 200
PAPER = {"proposed": {"recall": 30.9, "true negative rate": 92.9, "precision": 27.9}}


@per_run
def training_images(run: Run) -> np.ndarray:
    """Return in how many training images captions name each attribute, shape (T,)."""
    rows = np.flatnonzero(run.images["is_train"].to_numpy())
    total = np.zeros(run.sizes["T"], np.int64)
    for block in blocks(len(rows), 8192):
        total += np.bincount(run.counts[rows[block]].indices, minlength=len(total))
    return total


def searched_attributes(run: Run, n: int = N_ATTRIBUTES) -> np.ndarray:
    """Return the n attributes of most training images."""
    return np.argsort(-training_images(run), kind="stable")[:n]


def retrieved(top: np.ndarray, ts: np.ndarray) -> np.ndarray:
    """Return whether each explanation contains each of ``ts``, shape (n, len(ts)), bool.

    Parameters
    ----------
    top : ndarray of shape (n, 5)
        Attributes of each explanation, -1 for none.
    ts : ndarray of int
    """
    contains = np.zeros((len(top), len(ts)), bool)
    for column in top.T:
        contains |= column[:, None] == ts
    return contains


def class_caption_frequency(run: Run) -> np.ndarray:
    """Return the mean share of captions that name t over training images of each class, (C, T).

    A class without captions in the training split has the mean over all images.
    """
    images, (C, T) = run.images, (run.sizes["C"], run.sizes["T"])
    n_captions, true_c = images["n_captions"].to_numpy(), images["true_c"].to_numpy()
    train = np.flatnonzero(images["is_train"].to_numpy() & (n_captions > 0))
    frequency, overall = np.zeros((C, T)), np.zeros(T)
    n_images = np.bincount(true_c[train], minlength=C)
    for block in blocks(len(train)):
        named = run.counts[train[block]].tocoo()
        x, t = train[block][named.coords[0]], named.coords[1]
        share = named.data * (1 / n_captions[x])
        np.add.at(overall, t, share * (1 / len(train)))
        np.add.at(frequency, (true_c[x], t), share * (1 / n_images[true_c[x]]))
    frequency[n_images == 0] = overall
    return frequency


@dataclass(frozen=True)
class Precisions:
    """Average precision of every ranking, and in resamples of images.

    Parameters
    ----------
    plain : ndarray of shape (m,)
        NaN where all images or none are relevant.
    again : ndarray of shape (N_RANKING_RESAMPLES, m)
    times : ndarray of shape (N_RANKING_RESAMPLES, m)
        How often the images of each ranking were drawn, on average.
    """

    plain: np.ndarray
    again: np.ndarray
    times: np.ndarray


def precisions(
    p: np.ndarray, truth: np.ndarray, true_c: np.ndarray, seed: int = 0, within: bool = False
) -> Precisions:
    """Return the average precision of each column, over all images or within each class.

    Arguments are those of `score_retrieval`. Within classes there is a ranking for each class, in
    the order of classes, and each column.
    """
    if not len(p):
        m = 0 if within else p.shape[1]
        never = np.zeros((N_RANKING_RESAMPLES, m))
        return Precisions(np.full(m, np.nan), np.full(never.shape, np.nan), never)
    member = np.unique(true_c, return_inverse=True)[1] if within else np.zeros(len(p), int)
    order, size = np.argsort(member, kind="stable"), np.bincount(member)
    start = np.cumsum(size) - size
    # classes of equal size are ranked together: a class alone is too little work for a step
    together = [np.flatnonzero(size == n) for n in np.unique(size)]
    groups = [order[start[gs][:, None] + np.arange(int(size[gs[0]]))] for gs in together]
    back = np.argsort(np.concatenate(together), kind="stable")
    rankings, k = [Rankings(p, truth, each) for each in groups], p.shape[1]

    def in_order(parts: list[np.ndarray]) -> np.ndarray:
        return np.concatenate(parts).reshape(len(back), -1)[back].ravel()

    again, times = [], []
    for w in Resamples(len(p), N_RANKING_RESAMPLES, seed, true_c):
        again.append(in_order([ranking.average_precision(w) for ranking in rankings]))
        times.append(np.repeat(in_order([w[each].mean(axis=1) for each in groups]), k))
    plain = in_order([ranking.average_precision() for ranking in rankings])
    return Precisions(plain, np.stack(again), np.stack(times))


def score_retrieval(
    p: np.ndarray,
    is_retrieved: np.ndarray,
    truth: np.ndarray,
    true_c: np.ndarray,
    seed: int = 0,
) -> dict[str, Score]:
    """Return the scores over all attributes together, rates in percent.

    Parameters
    ----------
    p : ndarray of shape (n, k)
        Ranking scores of the images for each searched attribute.
    is_retrieved, truth : ndarray of shape (n, k), bool
    true_c : ndarray of shape (n,)
        Class of each image; classes are resampled first.
    seed : int
    """
    rates = _rates(is_retrieved, truth)
    hits, cases = (
        np.stack([flags.sum(axis=1) for flags in side], axis=1)
        for side in zip(*rates.values(), strict=True)
    )
    scores = ratios(hits, cases, Resamples(len(p), seed=seed, group=true_c), unit=100)
    overall = precisions(p, truth, true_c, seed)
    within = precisions(p, truth, true_c, seed, within=True)
    return {
        **dict(zip(rates, scores, strict=True)),
        "mAP": _mean_precision(overall),
        "mAP within classes": _mean_precision(within),
    }


def _rates(is_retrieved: np.ndarray, truth: np.ndarray) -> dict[str, tuple]:
    hits = is_retrieved & truth
    return {
        "recall": (hits, truth),
        "true negative rate": (~is_retrieved & ~truth, ~truth),
        "precision": (hits, is_retrieved),
    }


def _mean_precision(of: Precisions) -> Score:
    """Return the mean average precision over groups and attributes that not all images have.

    An image that is drawn twice occupies two adjacent ranks, which raises average precision; the
    resamples are therefore shifted so that their mean equals the value (bias correction).
    """
    scored = np.isfinite(of.plain)
    if not scored.any():
        return interval(np.nan, np.empty(0), 0)
    again = np.full(len(of.again), np.nan)
    for i, (values, times) in enumerate(zip(of.again, of.times, strict=True)):
        known = np.isfinite(values)
        # a class that is drawn twice counts twice
        if times[known].any():
            again[i] = np.average(values[known], weights=times[known])
    value = of.plain[scored].mean()
    return interval(value, again - np.nanmean(again) + value, scored.sum())
