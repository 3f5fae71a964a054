"""Recipes: what a refit of the last layer is fitted to, and how much each image counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.diagnosis.background import Background
from core.diagnosis.diagnosis import DECIDED
from core.errors import DataError, MissingRunError
from core.runs.run import Run

#: Copies of each image with another image's background.
N_BACKGROUNDS = 4


@dataclass(frozen=True)
class Recipe:
    """What to change; the parts can be combined.

    Parameters
    ----------
    drop_suspects : bool
        Leave out training images whose label is diagnosed as wrong.
    corrections : dict of str to int, optional
        Class by image path, from verdicts: counts in place of the label.
    ignore_background : bool
        Add copies of each image with the background activations of another, so that the head
        cannot rely on the background; needs feature maps and average pooling.
    balanced_attributes : tuple of int
        Attributes t: images of each class with and without each of them count alike, so that the
        head cannot rely on the attribute (groups of class times attribute).
    balance_classes : bool
        Images of each class count alike.
    hard_weight : float
        How many times an image that the network gets wrong counts.
    """

    drop_suspects: bool = False
    corrections: dict[str, int] | None = None
    ignore_background: bool = False
    balanced_attributes: tuple[int, ...] = ()
    balance_classes: bool = False
    hard_weight: float = 1.0


@dataclass(frozen=True)
class FitSet:
    """What a head is fitted to: activations (n, F), labels (n,) and weights (n,)."""

    pooled: np.ndarray
    labels: np.ndarray
    sample_weight: np.ndarray


def fit_set(run: Run, recipe: Recipe, seed: int = 0) -> FitSet:
    """Return the training images as a recipe wants them.

    Raises
    ------
    DataError
        If the recipe needs what the run has not: diagnoses, or maps of all training images.
    """
    xs = np.flatnonzero(run.images["is_train"].to_numpy(bool) & run.is_readable)
    if recipe.drop_suspects:
        xs = xs[~_suspects(run)[xs]]
    labels = run.images["true_c"].to_numpy().astype(int)
    if recipe.corrections:
        paths = run.images["path"]
        corrected = paths.map(recipe.corrections)
        labels = np.where(corrected.notna(), corrected.fillna(0).to_numpy(), labels).astype(int)
    labels = labels[xs]
    weight = _balanced(run, recipe, xs, labels)
    is_wrong = run.images["predicted_c"].to_numpy()[xs] != labels
    weight = np.where(is_wrong, recipe.hard_weight * weight, weight)
    pooled = np.asarray(run.array("pooled")[xs], float)
    if not recipe.ignore_background:
        return FitSet(pooled, labels, weight)
    copies = [pooled, *_with_other_backgrounds(run, xs, pooled, seed)]
    n = len(copies)
    return FitSet(np.concatenate(copies), np.tile(labels, n), np.tile(weight, n))


def _suspects(run: Run) -> np.ndarray:
    try:
        return (run.table("diagnoses")["wrong_label"] >= DECIDED).to_numpy()
    except MissingRunError:
        raise DataError(
            f"run {run.name!r} has no diagnoses, so no label is suspected: make them with "
            f"'python -m precompute suspects {run.name}'"
        ) from None


def _balanced(run: Run, recipe: Recipe, xs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return weights by which every group counts alike, mean 1."""
    groups: Sequence[np.ndarray] = [labels] if recipe.balance_classes else []
    if recipe.balanced_attributes:
        named = run.counts[xs].tocsc()[:, list(recipe.balanced_attributes)].toarray() > 0
        groups = [labels, *named.T]
    if not groups:
        return np.ones(len(xs))
    number = pd.DataFrame(np.column_stack(groups)).groupby(list(range(len(groups)))).ngroup()
    weight = 1 / np.bincount(number)[number]
    return weight / weight.mean()


def _with_other_backgrounds(
    run: Run, xs: np.ndarray, pooled: np.ndarray, seed: int
) -> list[np.ndarray]:
    if (np.asarray(run.array("map_row"))[xs] < 0).any():
        raise DataError(
            f"run {run.name!r} does not keep the maps of all training images, so nothing is known "
            f"of their background: 'python -m precompute maps {run.name} --images all'"
        )
    background = Background(run).pooled(xs).astype(float)
    rng = np.random.default_rng(seed)
    orders = (rng.permutation(len(xs)) for _ in range(N_BACKGROUNDS))
    return [pooled - background + background[order] for order in orders]
