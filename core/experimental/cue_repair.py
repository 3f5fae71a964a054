"""Spurious cues as directions of activations, taken from failures, and removed from a last layer.

A failure that a cue misled differs from the usual images of its class by the cue: snow where there
never was snow, or none where there always was. The differences of some such failures span the
directions in which the cue moves the pooled activations, spill into neighbouring cells and flakes
on the bird included, which the background alone does not show. Activations are projected onto what
is orthogonal to the first of these directions before the last layer is fitted (Ravfogel et al.,
"Null It Out", 2020, takes directions from a classifier in place of failures), and the failures join
the fit, as Kirichenko et al. (2023, see `core.repair.refit`) fit to held-out images. The projection
is linear, so that it becomes a part of the weights: the network keeps its form.

`preview_without_cues` follows `core.repair.preview.preview`: the penalty is chosen on one half of
the test images, crosswise, with the cues that one part of that half shows judged on its other part,
and what is reported comes from the other half.

Number of directions and weight of the failures were chosen on the demo's world of seed 1.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import block_diag, csr_array, eye_array

from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.errors import DataError, MissingRunError
from fieldmarks.core.head import Head
from fieldmarks.core.repair.fit_set import FitSet
from fieldmarks.core.repair.preview import (
    PENALTIES,
    Judged,
    Progress,
    best_penalty,
    halves,
    head_of,
    is_right,
    judged,
    scaled,
    within,
)
from fieldmarks.core.repair.recipe import Recipe, fit_set
from fieldmarks.core.repair.refit import refits
from fieldmarks.core.run.run import Run

#: Directions that are removed, at most.
N_DIRECTIONS = 3
#: How many times a failure counts that joins the fit.
FAILURE_WEIGHT = 3.0
#: Failures below which nothing is said of a cue.
MIN_FAILURES = 2
#: Numbers of filters whose removal is tried against a cue.
REMOVED = (1, 2, 4, 8, 16)


def cued_failures(run: Run, xs: np.ndarray, verdicts: pd.DataFrame | None = None) -> np.ndarray:
    """Return those of images ``xs`` that fail by a spurious cue.

    A reviewer's verdict counts more than the diagnosis.

    Parameters
    ----------
    run : Run
    xs : ndarray of int
    verdicts : DataFrame, optional
        Latest verdicts indexed by path, as `core.review.verdicts.Verdicts.latest` returns them.
    """
    images = run.images
    is_wrong = (images["predicted_c"] != images["true_c"]).to_numpy()
    try:
        pattern = run.table("diagnoses")["pattern"].to_numpy().astype(object).copy()
    except MissingRunError:
        pattern = np.full(len(images), "", object)
    if verdicts is not None and len(verdicts):
        said = verdicts["pattern"].where(verdicts["is_reviewed"].astype(bool)).dropna()
        judged = images["path"].map(said[said != ""])
        pattern = np.where(judged.notna(), judged, pattern)
    return xs[is_wrong[xs] & (pattern[xs] == Pattern.SPURIOUS_CUE)]


def check_failures(run: Run, failures: np.ndarray) -> None:
    """Raise a `DataError` unless there are enough failures to know a cue by."""
    if len(failures) < MIN_FAILURES:
        raise DataError(
            f"of the failures of the validation half {len(failures)} of run {run.name!r} "
            f"{'is' if len(failures) == 1 else 'are'} diagnosed or judged as a spurious cue, and "
            f"{MIN_FAILURES} are needed: make diagnoses with 'fieldmarks suspects "
            f"{run.name}', or give verdicts"
        )


@dataclass(frozen=True)
class Cues:
    """Directions of cues, and the failures that show them.

    Attributes
    ----------
    failures : ndarray of int
        Images x.
    directions : ndarray of shape (k, F)
        Orthonormal, of activations in units of the filters.
    unit : ndarray of shape (F,)
        Standard deviation of each filter.
    """

    failures: np.ndarray
    directions: np.ndarray
    unit: np.ndarray

    @classmethod
    def of(cls, run: Run, failures: np.ndarray, unit: np.ndarray) -> "Cues":
        """Return the directions in which failures differ from the usual images of their classes.

        Usual are the training images of a class that the network gets right, or all of them where
        there is none.
        """
        true_c = run.images["true_c"].to_numpy()
        is_train = run.images["is_train"].to_numpy(bool) & run.is_readable
        differences = np.empty((len(failures), run.sizes["F"]))
        for i, x in enumerate(failures):
            of_class = is_train & (true_c == true_c[x])
            usual = of_class & run.is_right if (of_class & run.is_right).any() else of_class
            mean = np.asarray(run.array("pooled")[np.flatnonzero(usual)], float).mean(axis=0)
            differences[i] = (np.asarray(run.array("pooled")[x], float) - mean) / unit
        if not len(failures):
            return cls(failures, differences, unit)
        _, size, directions = np.linalg.svd(differences, full_matrices=False)
        is_any = size > 1e-9 * max(float(size[0]), 1e-9)
        return cls(failures, directions[is_any][:N_DIRECTIONS], unit)

    def without(self, pooled: np.ndarray) -> np.ndarray:
        """Return activations (n, F) without what they have in the directions."""
        inside = (pooled / self.unit) @ self.directions.T
        return pooled - (inside @ self.directions) * self.unit

    def blind(self, head: Head) -> Head:
        """Return the head that does to any activations what ``head`` does to those without cues."""
        inside = (head.weights * self.unit) @ self.directions.T
        return Head.linear(head.weights - (inside @ self.directions) / self.unit, head.bias)

    def fit_set(self, run: Run, fitted: FitSet, scale: np.ndarray) -> FitSet:
        """Return a fit set without the cues, which the failures have joined.

        Parameters
        ----------
        run : Run
        fitted : FitSet
        scale : ndarray of shape (F,)
            Factor on the activations of the failures, as ``fitted`` has it already.
        """
        xs = self.failures
        pooled = np.asarray(run.array("pooled")[xs], float) * scale
        labels = run.images["true_c"].to_numpy()[xs].astype(int)
        weight = np.full(len(xs), FAILURE_WEIGHT)
        mixing = fitted.mixing
        if mixing is not None:
            joined = eye_array(len(xs), dtype=mixing.dtype)
            mixing = csr_array(block_diag([mixing, joined], format="csr"))
        return FitSet(
            self.without(np.concatenate([fitted.pooled, pooled])),
            np.concatenate([fitted.labels, labels]),
            np.concatenate([fitted.sample_weight, weight]),
            mixing,
        )


def preview_without_cues(
    run: Run,
    recipe: Recipe,
    seed: int = 0,
    verdicts: pd.DataFrame | None = None,
    split: tuple[np.ndarray, np.ndarray] | None = None,
    progress: Progress = lambda share: None,
) -> Judged:
    """Fit a recipe to activations without the cues that failures show, and evaluate it.

    Parameters
    ----------
    run, recipe, seed, verdicts, split, progress
        See `core.repair.preview.preview`; verdicts also say which failures have a cue.

    Raises
    ------
    DataError
        If too few failures of the validation images have a cue.
    """
    choose, judge = split or halves(run, seed)
    fitted, scale = fit_set(run, recipe, seed, verdicts), recipe.scale(run)
    unit = fitted.unit()
    failures = cued_failures(run, choose, verdicts)
    check_failures(run, failures)
    right = dict.fromkeys(PENALTIES, 0)
    for i, part in enumerate(_parts(failures, choose)):
        others = failures[~np.isin(failures, part)]
        told = within(progress, i, 3)
        for penalty, head in _cue_blind(run, fitted, scale, unit, others, told).items():
            right[penalty] += int(is_right(run, head, part).sum())
    heads = _cue_blind(run, fitted, scale, unit, failures, within(progress, 2, 3))
    best = best_penalty(right)
    return judged(run, heads[best], judge, best)


def _parts(failures: np.ndarray, choose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return two halves of the validation images, each with every second failure."""
    others = choose[~np.isin(choose, failures)]
    first, second = (np.concatenate([failures[i::2], others[i::2]]) for i in (0, 1))
    return first, second


def _cue_blind(
    run: Run,
    fitted: FitSet,
    scale: np.ndarray,
    unit: np.ndarray,
    failures: np.ndarray,
    progress: Progress,
) -> dict[float, Head]:
    """Return the head of each penalty that cannot use the cues that failures show."""
    cues = Cues.of(run, failures, unit)
    joined = cues.fit_set(run, fitted, scale)
    refitted = refits(joined, head_of(run), unit, PENALTIES, progress)
    return {penalty: scaled(cues.blind(head), scale) for penalty, head in refitted.items()}


def removal_of_cues(
    run: Run,
    seed: int = 0,
    verdicts: pd.DataFrame | None = None,
    split: tuple[np.ndarray, np.ndarray] | None = None,
) -> Judged:
    """Judge the head without the filters that change most with the cues, not refitted.

    How many of `REMOVED` is chosen on the validation images; arguments as of
    `preview_without_cues`.
    """
    choose, judge = split or halves(run, seed)
    unit = np.asarray(run.array("pooled")[run.images["is_train"].to_numpy(bool)]).std(axis=0)
    cues = Cues.of(run, cued_failures(run, choose, verdicts), unit + 1e-6)
    change = np.argsort(-(cues.directions**2).sum(axis=0), kind="stable")
    head = head_of(run)
    tried = [scaled(head, ~np.isin(np.arange(len(change)), change[:n])) for n in REMOVED]
    best = max(tried, key=lambda each: is_right(run, each, choose).mean())
    return judged(run, best, judge, np.nan)
