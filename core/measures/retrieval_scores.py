"""Retrieval (paper, Table 2): whether explanations name what captions name.

An image is retrieved for an attribute when its explanation, the top five, holds it; the truth is
whether its captions do. Mean average precision asks the same of the whole ranking by
p(t given x, c), over all images and within each class, where knowing the class is no help.
"""

import numpy as np

from core.contract import N_EXPLAIN
from core.measures.average_precision import Rankings
from core.measures.bootstrap import Score, interval, ratio, ratios, resample
from core.run import Run
from core.selection import top_attributes

N_ATTRIBUTES = 50
#: Resamples of average precision, which is slow.
N_RANKING_RESAMPLES = 200
PAPER = {"recall": 30.9, "true negative rate": 92.9, "precision": 27.9}


def searched_attributes(run: Run, n: int = N_ATTRIBUTES) -> np.ndarray:
    """Return the n attributes of most images."""
    return np.argsort(-run.attributes["n_images"].to_numpy(), kind="stable")[:n]


def retrieved(p: np.ndarray, run: Run, ts: np.ndarray) -> np.ndarray:
    """Return whether the explanation of each image holds each of ``ts``, shape (n, len(ts))."""
    top = top_attributes(p, run.attributes, min(N_EXPLAIN, p.shape[1]))
    return (top[:, :, None] == ts).any(axis=1)


def class_frequency(run: Run, xs: np.ndarray, c: np.ndarray | None = None) -> np.ndarray:
    """Return how often training captions of a class name t, shape (len(xs), T).

    A class without captions in the training split gets the average over all images.

    Parameters
    ----------
    run : Run
    xs : ndarray of shape (n,)
    c : ndarray of shape (n,), optional
        The class that each image is taken for; the predicted one by default.
    """
    images = run.images
    n_captions = images["n_captions"].to_numpy()
    teach = np.flatnonzero(images["is_train"].to_numpy() & (n_captions > 0))
    share = run.counts[teach].multiply(1 / n_captions[teach, None]).tocsr()
    true_c = images["true_c"].to_numpy()[teach]
    everywhere = np.asarray(share.mean(axis=0)).ravel()
    by_class = {c: np.asarray(share[true_c == c].mean(axis=0)).ravel() for c in np.unique(true_c)}
    c = images["predicted_c"].to_numpy()[xs] if c is None else c
    return np.stack([by_class.get(one, everywhere) for one in c])


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
        What ranks the images, for the attributes that are searched.
    is_retrieved, truth : ndarray of shape (n, k), bool
    true_c : ndarray of shape (n,)
        Class of each image.
    """
    drawn = resample(len(p), seed=seed)
    few = drawn[:N_RANKING_RESAMPLES]
    return {
        **{
            name: ratio(100 * hits.sum(axis=1), cases.sum(axis=1), drawn)
            for name, (hits, cases) in _rates(is_retrieved, truth).items()
        },
        "mAP": _mean_precision([(np.arange(len(p)), Rankings(p, truth))], few),
        "mAP within classes": _mean_precision(
            [
                (members, Rankings(p[members], truth[members]))
                for members in (np.flatnonzero(true_c == c) for c in np.unique(true_c))
            ],
            few,
        ),
    }


def score_by_attribute(
    p: np.ndarray, is_retrieved: np.ndarray, truth: np.ndarray, seed: int = 0
) -> list[dict[str, Score]]:
    """Return recall, true negative rate, precision and average precision of each column."""
    drawn = resample(len(p), seed=seed)
    columns = {
        name: ratios(100 * hits, cases, drawn)
        for name, (hits, cases) in _rates(is_retrieved, truth).items()
    }
    ranking = Rankings(p, truth)
    again = np.stack([ranking.average_precision(w) for w in drawn[:N_RANKING_RESAMPLES]])
    columns["AP"] = [
        interval(value, again[:, j], truth[:, j].sum())
        for j, value in enumerate(ranking.average_precision())
    ]
    return [{name: scores[j] for name, scores in columns.items()} for j in range(p.shape[1])]


def _rates(is_retrieved: np.ndarray, truth: np.ndarray) -> dict[str, tuple]:
    hits = (is_retrieved & truth).astype(float)
    return {
        "recall": (hits, truth.astype(float)),
        "true negative rate": ((~is_retrieved & ~truth).astype(float), (~truth).astype(float)),
        "precision": (hits, is_retrieved.astype(float)),
    }


def _mean_precision(groups: list[tuple[np.ndarray, Rankings]], drawn: np.ndarray) -> Score:
    """Return the mean over groups and attributes that some images have and some lack.

    An image that is drawn twice stands twice in a row of the ranking, which raises average
    precision; the resamples are moved back onto the value by their mean.
    """
    plain = np.concatenate([ranking.average_precision() for _, ranking in groups])
    scored = np.isfinite(plain)
    if not scored.any():
        return interval(np.nan, np.empty(0), 0)
    again = [
        np.nanmean(np.concatenate([r.average_precision(w[members]) for members, r in groups]))
        for w in drawn
    ]
    value, again = plain[scored].mean(), np.array(again)
    return interval(value, again - again.mean() + value, scored.sum())
