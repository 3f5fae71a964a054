"""What a repair would do, before anything is written: fitted, chosen and judged on three splits.

The head is fitted to training images, its penalty is chosen on one half of the test images, and
what is reported comes from the other half, which took part in nothing. Three baselines go the same
way: a plain refit, a refit in which classes count alike, and the removal of filters.
"""

from dataclasses import dataclass, replace

import numpy as np

from core.comparison.comparison import mcnemar
from core.errors import DataError
from core.metrics.bootstrap import Resamples, Score, ratio
from core.repair.recipe import Recipe, fit_set
from core.repair.refit import LinearHead, refit
from core.runs.run import Run

#: Penalties that are tried, from the boldest change to the most careful.
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)


@dataclass(frozen=True)
class Judged:
    """A head judged on test images that took part in nothing.

    Attributes
    ----------
    head : LinearHead
    penalty : float
        The one that was best on the images to choose by; NaN where nothing was fitted.
    accuracy : Score
        In percent.
    difference : Score
        Accuracy minus that of the network, paired by image, in points.
    n_fixed, n_broken : int
        Images that became right, and wrong.
    p_value : float
        Exact McNemar test of the two.
    fixed, broken : ndarray of int
        These images x.
    """

    head: LinearHead
    penalty: float
    accuracy: Score
    difference: Score
    n_fixed: int
    n_broken: int
    p_value: float
    fixed: np.ndarray
    broken: np.ndarray


def head_of(run: Run) -> LinearHead:
    """Return the last layer of a run."""
    weights = np.asarray(run.array("class_weights"), float)
    return LinearHead(weights, np.asarray(run.array("class_bias"), float))


def halves(run: Run, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the test images to choose by and those to judge by, halves of each class.

    Raises
    ------
    DataError
        If there are fewer than two test images.
    """
    xs = np.flatnonzero(~run.images["is_train"].to_numpy(bool) & run.is_readable)
    if len(xs) < 2:
        raise DataError("a repair is chosen and judged on test images: this run has none to spare")
    shuffled = np.random.default_rng(seed).permutation(xs)
    by_class = shuffled[np.argsort(run.images["true_c"].to_numpy()[shuffled], kind="stable")]
    return np.sort(by_class[::2]), np.sort(by_class[1::2])


def preview(run: Run, recipe: Recipe, seed: int = 0) -> Judged:
    """Fit a recipe, choose its penalty and judge it; see the module.

    Parameters
    ----------
    run : Run
    recipe : Recipe
    seed : int
        Of the halves of the test images and of exchanged backgrounds.
    """
    choose, judge = halves(run, seed)
    start, fitted = head_of(run), fit_set(run, recipe, seed)
    unit = np.asarray(run.array("pooled")[: len(fitted.pooled)], float).std(axis=0) + 1e-6
    heads = {
        penalty: refit(fitted.pooled, fitted.labels, fitted.sample_weight, start, unit, penalty)
        for penalty in PENALTIES
    }
    accuracy = {penalty: is_right(run, head, choose).mean() for penalty, head in heads.items()}
    # of equally good ones the most careful
    best = max(reversed(PENALTIES), key=lambda penalty: accuracy[penalty])
    return judged(run, heads[best], judge, best)


def baselines(run: Run, seed: int = 0) -> dict[str, Judged]:
    """Return what needs no recipe, judged alike: no change, a plain and a class-balanced refit."""
    _, judge = halves(run, seed)
    plain = Recipe()
    return {
        "no change": judged(run, head_of(run), judge, np.nan),
        "plain refit": preview(run, plain, seed),
        "class-balanced refit": preview(run, replace(plain, balance_classes=True), seed),
    }


def without_filters(run: Run, scale: np.ndarray, seed: int = 0) -> Judged:
    """Judge the head with filters scaled, e.g. removed.

    Parameters
    ----------
    run : Run
    scale : ndarray of shape (F,)
        Factor of each filter, see `core.what_if.ablation.filter_scale`.
    seed : int
    """
    head = head_of(run)
    return judged(run, LinearHead(head.weights * scale, head.bias), halves(run, seed)[1], np.nan)


def is_right(run: Run, head: LinearHead, xs: np.ndarray) -> np.ndarray:
    """Return whether a head classifies each image as labelled, shape (n,), bool."""
    logits = head.logits(np.asarray(run.array("pooled")[xs], float))
    return logits.argmax(axis=1) == run.images["true_c"].to_numpy()[xs]


def judged(run: Run, head: LinearHead, xs: np.ndarray, penalty: float) -> Judged:
    """Return how a head does on test images ``xs``, beside the run's own."""
    after, before = is_right(run, head, xs), is_right(run, head_of(run), xs)
    group = run.images["true_c"].to_numpy()[xs]
    drawn, ones = Resamples(len(xs), group=group), np.ones(len(xs))
    fixed, broken = xs[after & ~before], xs[before & ~after]
    return Judged(
        head,
        penalty,
        ratio(after.astype(float), ones, drawn, unit=100),
        ratio(after.astype(float) - before, ones, drawn, unit=100),
        len(fixed),
        len(broken),
        mcnemar(len(fixed), len(broken)),
        fixed,
        broken,
    )
