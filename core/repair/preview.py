"""Preview of a repair, before anything is written: fitted, selected and evaluated on three splits.

The head is fitted to training images, its penalty is chosen on one half of the test images, and
what is reported comes from the other half, which was held out. Four baselines are evaluated in the
same way: no change, a plain refit, a refit with balanced classes, and, where a recipe is about
attributes or filters, their removal without a refit.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from fieldmarks.core.bootstrap import Resamples, Score, ratio
from fieldmarks.core.comparison.comparison import mcnemar
from fieldmarks.core.errors import DataError
from fieldmarks.core.head import LINEAR, MEANING, Head
from fieldmarks.core.repair.recipe import Recipe, fit_set
from fieldmarks.core.repair.refit import refits
from fieldmarks.core.run.run import Run

#: Penalties that are tried, from the boldest change to the most careful.
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
NO_CHANGE, PLAIN, BALANCED = "no change", "plain refit", "class-balanced refit"
REMOVAL = "removal without a refit"
#: Told which share of the work is done.
Progress = Callable[[float], None]
#: Told the share of validation images that are right before, and with the best head so far.
SoFar = Callable[[float, float], None]


@dataclass(frozen=True)
class Judged:
    """A head evaluated on held-out test images.

    Attributes
    ----------
    head : Head
    penalty : float
        The one that was best on the validation images; NaN where nothing was fitted.
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

    head: Head
    penalty: float
    accuracy: Score
    difference: Score
    n_fixed: int
    n_broken: int
    p_value: float
    fixed: np.ndarray
    broken: np.ndarray


def is_refittable(run: Run) -> bool:
    """Return whether class scores are W times the pooled activations plus b, and stay so."""
    return run.head.kind == LINEAR and not run.head.is_split


def head_of(run: Run) -> Head:
    """Return the last layer of a run.

    Raises
    ------
    DataError
        If class scores are not W times the pooled activations plus b.
    """
    if not is_refittable(run):
        said = "activations are split by sign" if run.head.is_split else MEANING[run.head.kind]
        raise DataError(f"a repair fits a linear last layer, and of run {run.name!r} {said}")
    weights = np.asarray(run.weights(None), float)
    return Head.linear(weights, np.asarray(run.array("class_bias"), float))


def halves(run: Run, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the validation images and the held-out images, halves of each class.

    Raises
    ------
    DataError
        If there are fewer than two test images.
    """
    xs = np.flatnonzero(~run.images["is_train"].to_numpy(bool) & run.is_readable)
    if len(xs) < 2:
        raise DataError("a repair is chosen and scored on test images: this run has too few")
    shuffled = np.random.default_rng(seed).permutation(xs)
    by_class = shuffled[np.argsort(run.images["true_c"].to_numpy()[shuffled], kind="stable")]
    return np.sort(by_class[::2]), np.sort(by_class[1::2])


def preview(
    run: Run,
    recipe: Recipe,
    seed: int = 0,
    verdicts: pd.DataFrame | None = None,
    split: tuple[np.ndarray, np.ndarray] | None = None,
    progress: Progress = lambda share: None,
    so_far: SoFar | None = None,
) -> Judged:
    """Fit a recipe, choose its penalty and evaluate it; see the module.

    A recipe without a refit is judged as it is.

    Parameters
    ----------
    run : Run
    recipe : Recipe
    seed : int
        Of the halves of the test images and of exchanged backgrounds.
    verdicts : DataFrame, optional
        See `core.repair.doubted_labels`.
    split : tuple, optional
        Other validation and held-out images than `halves`.
    progress : callable, optional
        Told which share of the work is done; what it raises ends the work.
    so_far : callable, optional
        Told after each penalty how the validation images do; the held-out ones are asked once.

    Raises
    ------
    DataError
        If the recipe needs what the run has not, or its parts cannot be combined.
    """
    recipe.check()
    choose, judge = split or halves(run, seed)
    if not recipe.is_refitted:
        return judged(run, scaled(head_of(run), recipe.scale(run)), judge, np.nan)
    fitted, scale = fit_set(run, recipe, seed, verdicts), recipe.scale(run)
    heads: dict[float, Head] = {}
    right: dict[float, int] = {}
    before = is_right(run, head_of(run), choose).mean() if so_far else 0.0

    def after_fit(penalty: float, head: Head) -> None:
        heads[penalty] = scaled(head, scale)
        right[penalty] = int(is_right(run, heads[penalty], choose).sum())
        if so_far:
            so_far(float(before), max(right.values()) / len(choose))

    refits(fitted, head_of(run), fitted.unit(), PENALTIES, progress, after_fit)
    best = best_penalty(right)
    return judged(run, heads[best], judge, best)


def best_penalty(right: dict[float, int]) -> float:
    """Return the penalty with most right images; of equally good ones the largest."""
    return max(reversed(PENALTIES), key=lambda penalty: right[penalty])


def within(progress: Progress, i: int, n: int) -> Progress:
    """Return what reports the share of the i-th of n parts as a share of all."""
    return lambda share: progress((i + share) / n)


def baselines(
    run: Run,
    seed: int = 0,
    split: tuple[np.ndarray, np.ndarray] | None = None,
    progress: Progress = lambda share: None,
) -> dict[str, Judged]:
    """Return the baselines, evaluated alike: no change, a plain and a class-balanced refit."""
    _, judge = split or halves(run, seed)
    plain = Recipe()
    return {
        NO_CHANGE: judged(run, head_of(run), judge, np.nan),
        PLAIN: preview(run, plain, seed, split=split, progress=within(progress, 0, 2)),
        BALANCED: preview(
            run,
            replace(plain, balance_classes=True),
            seed,
            split=split,
            progress=within(progress, 1, 2),
        ),
    }


def removal(
    run: Run,
    recipe: Recipe,
    seed: int = 0,
    split: tuple[np.ndarray, np.ndarray] | None = None,
) -> Judged | None:
    """Evaluate the head without the attributes and filters of a recipe, not refitted.

    Parameters
    ----------
    run : Run
    recipe : Recipe
    seed : int
    split : tuple, optional
        As of `preview`.

    Returns
    -------
    Judged or None
        None where the recipe names no attribute and no filter.
    """
    _, judge = split or halves(run, seed)
    attributes = tuple(dict.fromkeys((*recipe.balanced_attributes, *recipe.off_attributes)))
    if not attributes and not recipe.off_filters:
        return None
    head = scaled(head_of(run), replace(recipe, off_attributes=attributes).scale(run))
    return judged(run, head, judge, np.nan)


def is_right(run: Run, head: Head, xs: np.ndarray) -> np.ndarray:
    """Return whether a head classifies each image as labelled, shape (n,), bool."""
    logits = head.logits(np.asarray(run.array("pooled")[xs], float))
    return logits.argmax(axis=1) == run.images["true_c"].to_numpy()[xs]


def judged(run: Run, head: Head, xs: np.ndarray, penalty: float) -> Judged:
    """Return the results of a head on test images ``xs``, compared with the run's own head.

    Images that became right or wrong are sorted by confidence, highest first.
    """
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
        *(_surest_first(run, each) for each in (fixed, broken)),
    )


def scaled(head: Head, scale: np.ndarray) -> Head:
    """Return a head whose weights are multiplied by a factor on each filter, shape (F,)."""
    return Head.linear(head.weights * scale, head.bias)


def _surest_first(run: Run, xs: np.ndarray) -> np.ndarray:
    confidence = run.images["confidence"].to_numpy()[xs]
    return xs[np.argsort(-confidence, kind="stable")]
