"""Retrieval (paper, Table 2): whether explanations name the attributes that captions name.

An image is retrieved for an attribute when its explanation (the top five attributes) contains it;
it is relevant when its captions do. Mean average precision scores the whole ranking by
p(t given x, c), over all images and within each class, where the class is no information.
"""

from functools import lru_cache

import numpy as np

from core.batching import blocks
from core.metrics.average_precision import Rankings
from core.metrics.bootstrap import Resamples, Score, interval, ratios
from core.runs.run import Run

N_ATTRIBUTES = 50
#: Resamples of average precision, which is slow to compute.
N_RANKING_RESAMPLES = 200
PAPER = {"recall": 30.9, "true negative rate": 92.9, "precision": 27.9}


@lru_cache(maxsize=8)
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
    few = Resamples(len(p), N_RANKING_RESAMPLES, seed, true_c)
    rates = _rates(is_retrieved, truth)
    hits, cases = (
        np.stack([flags.sum(axis=1) for flags in side], axis=1)
        for side in zip(*rates.values(), strict=True)
    )
    scores = ratios(hits, cases, Resamples(len(p), seed=seed, group=true_c), unit=100)
    return {
        **dict(zip(rates, scores, strict=True)),
        "mAP": _mean_precision([(np.arange(len(p)), Rankings(p, truth))], few),
        "mAP within classes": _mean_precision(
            [
                (members, Rankings(p[members], truth[members]))
                for members in (np.flatnonzero(true_c == c) for c in np.unique(true_c))
            ],
            few,
        ),
    }


def score_retrieval_by_attribute(
    p: np.ndarray,
    is_retrieved: np.ndarray,
    truth: np.ndarray,
    true_c: np.ndarray,
    seed: int = 0,
) -> list[dict[str, Score]]:
    """Return recall, true negative rate, precision and average precision of each column."""
    rates, k = _rates(is_retrieved, truth), p.shape[1]
    hits, cases = (np.hstack(side) for side in zip(*rates.values(), strict=True))
    scores = ratios(hits, cases, Resamples(len(p), seed=seed, group=true_c), unit=100)
    columns = {name: scores[i * k : (i + 1) * k] for i, name in enumerate(rates)}
    ranking, few = Rankings(p, truth), Resamples(len(p), N_RANKING_RESAMPLES, seed, true_c)
    again = np.stack([ranking.average_precision(w) for w in few])
    columns["AP"] = [
        interval(value, again[:, j], truth[:, j].sum())
        for j, value in enumerate(ranking.average_precision())
    ]
    return [{name: scores[j] for name, scores in columns.items()} for j in range(p.shape[1])]


def _rates(is_retrieved: np.ndarray, truth: np.ndarray) -> dict[str, tuple]:
    hits = is_retrieved & truth
    return {
        "recall": (hits, truth),
        "true negative rate": (~is_retrieved & ~truth, ~truth),
        "precision": (hits, is_retrieved),
    }


def _mean_precision(groups: list[tuple[np.ndarray, Rankings]], drawn: Resamples) -> Score:
    """Return the mean average precision over groups and attributes that not all images have.

    An image that is drawn twice occupies two adjacent ranks, which raises average precision; the
    resamples are therefore shifted so that their mean equals the value (bias correction).
    """
    plain = np.concatenate([ranking.average_precision() for _, ranking in groups])
    scored = np.isfinite(plain)
    if not scored.any():
        return interval(np.nan, np.empty(0), 0)
    again = np.full(drawn.n_resamples, np.nan)
    for i, w in enumerate(drawn):
        each = [(r.average_precision(w[members]), w[members].mean()) for members, r in groups]
        values = np.concatenate([values for values, _ in each])
        # a class that is drawn twice counts twice
        times = np.concatenate([np.full(len(values), n) for values, n in each])
        known = np.isfinite(values)
        if times[known].any():
            again[i] = np.average(values[known], weights=times[known])
    value = plain[scored].mean()
    return interval(value, again - np.nanmean(again) + value, scored.sum())
