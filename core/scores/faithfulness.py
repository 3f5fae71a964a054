"""Faithfulness: how far the predicted class falls without the filters behind its sentence.

Removing filters from a linear head lowers the logits by exactly their contributions. The fewest
filters that hold half of the sentence's probability are removed. That the class falls further than
without as many random filters says little: p(f given x, c) is the contribution to the logit, so
whatever the attributes are, filters that contribute to them in this image matter for the class.
The controls have the same advantage: as many filters behind the words of another image of the
class, of an image of another class, and of random words; behind the sentence that distributions
permuted between filters would give; and random filters of the same sum of p(f given x, c). Only
what surpasses the best of them is due to the words. As many of the largest filters are the upper
bound.
"""

import numpy as np
from scipy.special import softmax

from fieldmarks.core.accelerator import computed, product
from fieldmarks.core.batching import blocks
from fieldmarks.core.bootstrap import Resamples, Score, interval, ratios
from fieldmarks.core.explanations.attribute_ranking import top_attributes
from fieldmarks.core.explanations.never_together import never_together
from fieldmarks.core.head import changed_logits
from fieldmarks.core.probability import p_f_given_xc
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.run import Run

#: Share of the sentence's probability that the removed filters hold.
SHARE = 0.5
#: Images that are looked at at most, drawn at random.
N_IMAGES = 2000
SENTENCE = "the sentence"
CONTROLS = (
    "another image of the class",
    "another class",
    "random words",
    "permuted distributions",
    "the same mass",
)
BOUNDS = ("random filters", "largest filters")
UNITS = ("logit", "probability")
#: Images worked on at a time.
_IMAGES = 128


def fewest(evidence: np.ndarray, share: float = SHARE) -> np.ndarray:
    """Return how many of the largest entries of each row hold ``share`` of its sum.

    Parameters
    ----------
    evidence : ndarray of shape (n, F)
        Not negative.

    >>> fewest(np.array([[1.0, 6.0, 3.0], [1.0, 1.0, 1.0]]))
    array([1, 2])
    """
    reached = np.cumsum(-np.sort(-evidence, axis=1), axis=1, dtype=float)
    return 1 + (reached < share * reached[:, -1:]).sum(axis=1)


def largest(evidence: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return whether each entry is among the ``n`` largest of its row, the first of equals, bool.

    Parameters
    ----------
    evidence : ndarray of shape (m, F)
        Without NaN.
    n : ndarray of shape (m,)
        From 1 to F.
    """
    ascending = np.sort(evidence, axis=1)
    smallest = np.take_along_axis(ascending, evidence.shape[1] - n[:, None], axis=1)
    above, equal = evidence > smallest, evidence == smallest
    # of those that are as large as the last one, the first of the row
    spare = n - above.sum(axis=1)
    return above | (equal & (np.cumsum(equal, axis=1, dtype=np.int32) <= spare[:, None]))


def of_mass(p_f: np.ndarray, mass: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return random filters of each row whose sum is about ``mass``, bool.

    Parameters
    ----------
    p_f : ndarray of shape (n, F)
    mass : ndarray of shape (n,)
    rng : Generator
    """
    order = rng.permuted(np.tile(np.arange(p_f.shape[1]), (len(p_f), 1)), axis=1)
    drawn = np.take_along_axis(p_f, order, axis=1)
    halfway = np.cumsum(drawn, axis=1, dtype=float) - drawn / 2
    chosen = np.empty(p_f.shape, bool)
    np.put_along_axis(chosen, order, (halfway <= mass[:, None]) & (drawn > 0), axis=1)
    return chosen


def falls(
    run: Run, xs: np.ndarray, top: np.ndarray, estimator: str, seed: int = 0
) -> dict[str, np.ndarray]:
    """Return how far the predicted class falls, by what was removed, shape (n, 2).

    The columns are `UNITS`: the logit and the softmax probability.

    Parameters
    ----------
    run : Run
    xs : ndarray of shape (n,)
    top : ndarray of shape (n, 5)
        Attributes of each sentence, -1 for none.
    estimator : str
    seed : int
        Of the controls.
    """
    rng = np.random.default_rng(seed)
    predicted_c = run.images["predicted_c"].to_numpy()[xs]
    others = _others(predicted_c, rng)
    p_t_given_f = np.asarray(run.array("p_t_given_f", estimator))
    exchanged = p_t_given_f[rng.permutation(len(p_t_given_f))]
    by_attribute = _with_none(p_t_given_f)
    prior = np.asarray(run.array("prior"), float)
    random_words = rng.choice(len(prior), top.shape, p=prior / prior.sum())
    words = {
        SENTENCE: top,
        CONTROLS[0]: top[others[0]],
        CONTROLS[1]: top[others[1]],
        CONTROLS[2]: random_words,
    }
    drops = {name: np.empty((len(xs), 2)) for name in (SENTENCE, *CONTROLS, *BOUNDS)}
    for block in blocks(len(xs), _IMAGES):
        pooled, c = run.array("pooled")[xs[block]], predicted_c[block]
        weights = run.weights(xs[block], c)
        p_f, part = p_f_given_xc(pooled, weights), pooled * weights
        evidence = {n: p_f * _of_words(by_attribute, ts[block]) for n, ts in words.items()}
        told = top_attributes(
            computed(product, p_f, kept=(exchanged,)),
            run.attributes,
            min(N_EXPLAIN, run.sizes["T"]),
            never_together(run),
        )
        evidence[CONTROLS[3]] = p_f * _of_words(_with_none(exchanged), told)
        n = fewest(evidence[SENTENCE])
        removed = {name: largest(each, n) for name, each in evidence.items()}
        mass = (p_f * removed[SENTENCE]).sum(axis=1)
        removed[CONTROLS[4]] = of_mass(p_f, mass, rng)
        removed[BOUNDS[0]] = largest(rng.random(p_f.shape), n)
        removed[BOUNDS[1]] = largest(part, n)
        logits, rows = run.array("logits")[xs[block]], np.arange(len(c))
        local = run.local_weights(xs[block])
        before = softmax(logits, axis=1)[rows, c]
        for name, gone in removed.items():
            left = (~gone).astype(pooled.dtype)
            after = changed_logits(run.head, logits, pooled, left, local)
            after = softmax(after, axis=1)[rows, c]
            drops[name][block] = np.stack([(part * gone).sum(axis=1), before - after], axis=1)
    return drops


def _others(c: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return for each image another one of its class, if there is one, and one of another class."""
    rows = np.arange(len(c))
    same, other = rows.copy(), rows.copy()
    for each in np.unique(c):
        members, rest = rows[c == each], rows[c != each]
        shuffled = rng.permutation(members)
        same[shuffled] = np.roll(shuffled, 1)
        if len(rest):
            other[members] = rng.choice(rest, len(members))
    return same, other


def score_faithfulness(
    fallen: dict[str, np.ndarray], group: np.ndarray, seed: int = 0
) -> dict[str, dict[str, Score]]:
    """Return mean falls of the logit and of the probability, and how they compare.

    "against the best control" is the fall without the sentence's filters over that without those of
    the control that falls most, chosen again in each resample; "against
    another class" over that without those of an image of another class, "of the upper bound" over
    that
    without the largest filters.

    Parameters
    ----------
    fallen : dict of ndarray of shape (n, 2)
        From `falls`.
    group : ndarray of shape (n,)
        Class of each image, see `Resamples`.
    """
    drawn = Resamples(len(group), seed=seed, group=group)
    by_unit = {}
    for j, unit in enumerate(UNITS):
        columns = np.stack([values[:, j] for values in fallen.values()], axis=1)
        scores = ratios(columns, np.ones_like(columns), drawn)
        by_unit[unit] = dict(zip(fallen, scores, strict=True))
        means = dict(zip(fallen, columns.mean(axis=0), strict=True))
        again = dict(zip(fallen, (drawn @ columns).T, strict=True))
        for name, rivals in {
            "against the best control": CONTROLS,
            "against another class": CONTROLS[1:2],
            "of the upper bound": BOUNDS[1:],
        }.items():
            best, best_again = (
                np.max([each[r] for r in rivals], axis=0) for each in (means, again)
            )
            by_unit[unit][name] = interval(
                means[SENTENCE] / best if best > 0 else np.nan,
                again[SENTENCE] / np.where(best_again > 0, best_again, np.nan),
                len(group),
            )
    return by_unit


def _with_none(p_t_given_f: np.ndarray) -> np.ndarray:
    """Return p(t given f) attribute by attribute, shape (T + 1, F), the last one for none."""
    return np.vstack([p_t_given_f.T, np.zeros(len(p_t_given_f), p_t_given_f.dtype)])


def _of_words(by_attribute: np.ndarray, ts: np.ndarray) -> np.ndarray:
    """Return the sum of p(t given f) over the words of each image, shape (n, F)."""
    return np.sum([by_attribute[column] for column in ts.T], axis=0)
