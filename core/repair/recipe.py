"""Recipes: the data that the last layer is fitted to, and the weight of each image."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pandas as pd
from scipy.sparse import block_array, csr_array, eye_array

from fieldmarks.core.causes.background import Background
from fieldmarks.core.errors import DataError
from fieldmarks.core.explanations.ablation import scale_of
from fieldmarks.core.repair.doubted_labels import corrected_labels, doubted_labels
from fieldmarks.core.repair.fit_set import FitSet
from fieldmarks.core.run.run import Run

#: Copies of each image with another image's background.
N_BACKGROUNDS = 4


class Labels(StrEnum):
    """What to do with training images whose label is suspected, as shown."""

    KEEP = "keep"
    DROP = "drop"
    CORRECT = "correct"


@dataclass(frozen=True)
class Recipe:
    """What to change; the parts can be combined.

    Parameters
    ----------
    labels : Labels
        Keep training images whose label is suspected, leave them out, or give them the suggested
        class.
    ignore_background : bool
        Add copies of each image with the background activations of another, so that the head
        cannot rely on the background; needs feature maps and average pooling.
    balanced_attributes : tuple of int
        Attributes t: images of each class with and without each of them count alike, so that the
        head cannot rely on the attribute (groups of class times attribute).
    off_attributes, off_filters : tuple of int
        Attributes t and filters f that are switched off before the refit, see
        `core.explanations.ablation`.
    balance_classes : bool
        Images of each class count alike.
    hard_weight : float
        How many times an image that the network gets wrong counts.
    is_refitted : bool
        Whether the last layer is fitted again. Without a fit, what is switched off is removed from
        the weights, and nothing else may be asked for.
    """

    labels: Labels = Labels.KEEP
    ignore_background: bool = False
    balanced_attributes: tuple[int, ...] = ()
    off_attributes: tuple[int, ...] = ()
    off_filters: tuple[int, ...] = ()
    balance_classes: bool = False
    hard_weight: float = 1.0
    is_refitted: bool = True

    def check(self) -> None:
        """Raise a `DataError` where the parts cannot be combined."""
        if not self.is_refitted and (
            not (self.off_attributes or self.off_filters)
            or replace(self, off_attributes=(), off_filters=(), is_refitted=True) != Recipe()
        ):
            raise DataError(
                "without a refit attributes and filters can be removed, and nothing else: name "
                "some, and leave out the rest of the recipe"
            )

    def scale(self, run: Run) -> np.ndarray:
        """Return the factor on each filter, shape (F,): 1 for what is not switched off."""
        return scale_of(
            run,
            dict.fromkeys(self.off_attributes, 0.0),
            dict.fromkeys(self.off_filters, 0.0),
        )

    def as_note(self, run: Run, seed: int = 0) -> dict:
        """Return the recipe as JSON values, attributes by phrase."""
        phrases = run.attributes["phrase"]
        return {
            "labels": str(self.labels),
            "ignore_background": self.ignore_background,
            "balance": [str(phrases[t]) for t in self.balanced_attributes],
            "off": [str(phrases[t]) for t in self.off_attributes],
            "filters_off": list(self.off_filters),
            "balance_classes": self.balance_classes,
            "hard": self.hard_weight,
            "refit": self.is_refitted,
            "seed": seed,
        }

    def command(self, run: Run) -> list[str]:
        """Return the words of the command that does the same, ready to be quoted."""
        phrases = run.attributes["phrase"]
        doubted = {Labels.DROP: "--drop-suspects", Labels.CORRECT: "--correct-suspects"}
        words = ["fieldmarks", "repair", run.name]
        words += [doubted[self.labels]] if self.labels in doubted else []
        words += ["--ignore-background"] if self.ignore_background else []
        for option, ts in (("--balance", self.balanced_attributes), ("--off", self.off_attributes)):
            words += [option, *(str(phrases[t]) for t in ts)] if ts else []
        words += ["--filters-off", *map(str, self.off_filters)] if self.off_filters else []
        words += ["--balance-classes"] if self.balance_classes else []
        words += ["--hard", f"{self.hard_weight:g}"] if self.hard_weight != 1 else []
        words += [] if self.is_refitted else ["--no-refit"]
        return words


def fit_set(
    run: Run, recipe: Recipe, seed: int = 0, verdicts: pd.DataFrame | None = None
) -> FitSet:
    """Return the training images as a recipe wants them.

    Parameters
    ----------
    run : Run
    recipe : Recipe
    seed : int
        Of exchanged backgrounds.
    verdicts : DataFrame, optional
        See `core.repair.doubted_labels`.

    Raises
    ------
    DataError
        If the recipe needs what the run has not: diagnoses, or maps of all training images.
    """
    xs = np.flatnonzero(run.images["is_train"].to_numpy(bool) & run.is_readable)
    labels = run.images["true_c"].to_numpy().astype(int)
    if recipe.labels is not Labels.KEEP:
        is_doubted = doubted_labels(run, verdicts)
        if recipe.labels is Labels.DROP:
            xs = xs[~is_doubted[xs]]
        else:
            labels = corrected_labels(run, is_doubted)
    labels = labels[xs]
    weight = _balanced(run, recipe, xs, labels)
    is_wrong = run.images["predicted_c"].to_numpy()[xs] != labels
    weight = np.where(is_wrong, recipe.hard_weight * weight, weight)
    pooled = np.asarray(run.array("pooled")[xs], np.float32)
    scale = recipe.scale(run).astype(np.float32)
    if not recipe.ignore_background:
        return FitSet(pooled * scale, labels, weight)
    rows = np.concatenate([pooled, _backgrounds(run, xs)]) * scale
    n = 1 + N_BACKGROUNDS
    return FitSet(rows, np.tile(labels, n), np.tile(weight, n), _exchanged(len(xs), seed))


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


def has_backgrounds(run: Run) -> bool:
    """Return whether the maps of all training images are kept, which exchanging needs."""
    is_train = run.images["is_train"].to_numpy(bool)
    return bool((np.asarray(run.array("map_row"))[is_train & run.is_readable] >= 0).all())


def _backgrounds(run: Run, xs: np.ndarray) -> np.ndarray:
    if not has_backgrounds(run):
        raise DataError(
            f"run {run.name!r} does not keep the maps of all training images, so their "
            f"background is unknown: 'fieldmarks maps {run.name} --images all'"
        )
    return Background(run).pooled(xs)


def _exchanged(n: int, seed: int) -> csr_array:
    """Return n images, then copies with other backgrounds, as sums of images and backgrounds.

    The shape is ((1 + copies) n, 2 n): rows are the images, then their backgrounds.
    """
    rng = np.random.default_rng(seed)
    image, none = eye_array(n, format="csr"), csr_array((n, n))
    blocks = [[image, none]]
    blocks += [[image, image[rng.permutation(n)] - image] for _ in range(N_BACKGROUNDS)]
    return csr_array(block_array(blocks, format="csr", dtype=np.float32))
