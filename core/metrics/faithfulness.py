"""Faithfulness: how far the predicted class falls without the filters behind its sentence.

The head is linear, so removing filters lowers the logits by exactly their contributions. The fewest
filters that carry half of the sentence's probability are removed, and beside them as many random
filters and as many with the largest contributions, which no choice can surpass.
"""

import numpy as np
from scipy.special import softmax

from core.metrics.bootstrap import Resamples, Score, ratios
from core.probability import p_f_given_xc
from core.runs.run import Run

#: Share of the sentence's probability that the removed filters carry.
SHARE = 0.5


def carriers(p_f: np.ndarray, p_t_given_f: np.ndarray, ts: np.ndarray) -> np.ndarray:
    """Return the fewest filters that carry `SHARE` of the probability of attributes ``ts``.

    Parameters
    ----------
    p_f : ndarray of shape (F,)
        p(f given x, c).
    p_t_given_f : ndarray of shape (F, T)
    ts : ndarray of int
        The attributes of a sentence.
    """
    carried = p_f * p_t_given_f[:, ts].sum(axis=1)
    order = np.argsort(-carried, kind="stable")
    reached = np.cumsum(carried[order], dtype=float)
    return order[: 1 + int(np.searchsorted(reached, SHARE * reached[-1]))]


def falls(run: Run, xs: np.ndarray, top: np.ndarray, estimator: str, seed: int = 0) -> np.ndarray:
    """Return how far the predicted class falls, shape (3, 2, n).

    The first axis is what was removed: the sentence's filters, random ones, the largest ones; the
    second is the logit and the softmax probability.
    """
    rng = np.random.default_rng(seed)
    pooled, logits = run.array("pooled"), run.array("logits")
    class_weights = np.asarray(run.array("class_weights"))
    p_t_given_f = run.array("p_t_given_f", estimator)
    predicted_c = run.images["predicted_c"].to_numpy()
    found = np.empty((3, 2, len(xs)))
    for i, x in enumerate(xs):
        c = predicted_c[x]
        part = pooled[x] * class_weights[c]
        ts = top[i][top[i] >= 0]
        named = carriers(p_f_given_xc(pooled[x], class_weights[c]), p_t_given_f, ts)
        n = len(named)
        removed = named, rng.permutation(len(part))[:n], np.argsort(-part, kind="stable")[:n]
        before = softmax(logits[x])[c]
        for j, fs in enumerate(removed):
            after = logits[x] - class_weights[:, fs] @ pooled[x, fs]
            found[j, :, i] = part[fs].sum(), before - softmax(after)[c]
    return found


def score_faithfulness(fallen: np.ndarray, seed: int = 0) -> dict[str, Score]:
    """Return mean falls and the ratios of the sentence's filters to random and to the largest.

    A random filter is as likely to raise a logit as to lower it, so its mean fall is about 0 and no
    measure for a ratio: "against random" compares probabilities only.

    Parameters
    ----------
    fallen : ndarray of shape (3, 2, n)
        From `falls`.
    """
    one = np.ones(fallen.shape[-1])
    columns = {}
    for unit, (named, random, largest) in zip(
        ("logit", "probability"), fallen.swapaxes(0, 1), strict=True
    ):
        columns[f"{unit}, sentence's filters"] = named, one
        columns[f"{unit}, random filters"] = random, one
        columns[f"{unit}, largest filters"] = largest, one
        columns[f"{unit}, against largest"] = named, largest
    named, random, _ = fallen[:, 1]
    columns["probability, against random"] = named, random
    fractions = (np.stack(side, axis=1) for side in zip(*columns.values(), strict=True))
    scores = ratios(*fractions, Resamples(len(one), seed=seed))
    return dict(zip(columns, scores, strict=True))
