"""Repairs that slices suggest: filters removed without a refit, and what that fixes and breaks.

The filters that tip a slice are those that add most to the lead of the predicted class over the
true one, beyond what they add in training images of the true class that are right. Which and how
many of them are removed is chosen on the validation half of the test images, so that the held-out
half can still judge. A removal that breaks as many images as it fixes is not suggested.
"""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.attributes.english import counted
from fieldmarks.core.causes.slices import (
    Condition,
    Kind,
    Slice,
    background_name,
    find_slice,
    quality_words,
    slices,
)
from fieldmarks.core.explanations.attribute_phrase import attribute_phrase
from fieldmarks.core.repair.preview import halves, is_refittable
from fieldmarks.core.repair.recipe import Recipe
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run

#: Numbers of filters whose removal is tried.
N_REMOVED = (1, 2, 4, 8, 12, 16)
#: Slices that suggestions are made for, the first by rank.
N_SLICES = 10


@dataclass(frozen=True)
class Removal:
    """Filters to remove, and what that does to the images of the validation half.

    Attributes
    ----------
    recipe : Recipe
        Of the filters, without a refit.
    n_fixed, n_broken : int
        Images of the validation half that become right, and wrong.
    """

    recipe: Recipe
    n_fixed: int
    n_broken: int


@dataclass(frozen=True)
class Suggestion:
    """A removal for slices that have a condition in common.

    Attributes
    ----------
    condition : Condition
    cs : tuple of int
        Classes that the slices are of, by the failures they have.
    found : Slice
        The first of the slices.
    failures : ndarray of int
        Of all of them.
    removal : Removal
    """

    condition: Condition
    cs: tuple[int, ...]
    found: Slice
    failures: np.ndarray
    removal: Removal


def removal_for(run: Run, failures: np.ndarray, seed: int = 0) -> Removal | None:
    """Return the removal that helps failures most; None where none fixes more than it breaks.

    Parameters
    ----------
    run : Run
    failures : ndarray of int
        Images that fail alike. Those of the validation half choose the filters.
    seed : int
        Of `halves`.

    Raises
    ------
    DataError
        If the run's head is not linear, or the run has too few test images.
    """
    choose, _ = halves(run, seed)
    xs = failures[np.isin(failures, choose)]
    if not len(xs):
        return None
    fs = tipping_filters(run, xs)[: N_REMOVED[-1]]
    true_c = run.images["true_c"].to_numpy()[choose]
    pooled = np.asarray(run.array("pooled")[choose][:, fs], float)
    weights = np.asarray(run.weights(None)[:, fs], float)
    logits = np.asarray(run.array("logits")[choose], float)
    before = logits.argmax(axis=1) == true_c
    tried = []
    for n in N_REMOVED:
        if n > len(fs):
            break
        after = (logits - pooled[:, :n] @ weights[:, :n].T).argmax(axis=1) == true_c
        n_fixed, n_broken = int((after & ~before).sum()), int((before & ~after).sum())
        recipe = Recipe(off_filters=tuple(fs[:n].tolist()), is_refitted=False)
        tried.append(Removal(recipe, n_fixed, n_broken))
    # of equally good ones the one that fixes most
    best = max(tried, key=lambda each: (each.n_fixed - each.n_broken, each.n_fixed), default=None)
    return best if best is not None and best.n_fixed > best.n_broken else None


def tipping_filters(run: Run, failures: np.ndarray) -> np.ndarray:
    """Return the filters that tip failures, those that add most to the wrong lead first.

    Parameters
    ----------
    run : Run
    failures : ndarray of shape (n,)
        Images x that are misclassified.

    Returns
    -------
    ndarray of int
        Filters that add to the lead on average.
    """
    weights = np.asarray(run.weights(None), float)
    true, predicted = (run.images[f"{side}_c"].to_numpy() for side in ("true", "predicted"))
    usual = run.images["is_train"].to_numpy(bool) & run.is_readable & run.is_right
    added = np.zeros(run.sizes["F"])
    for c in np.unique(true[failures]):
        own = failures[true[failures] == c]
        of_class = np.flatnonzero(usual & (true == c))
        mean = np.asarray(run.array("pooled")[of_class], float).mean(axis=0) if len(of_class) else 0
        beyond = np.asarray(run.array("pooled")[own], float) - mean
        added += ((weights[predicted[own]] - weights[c]) * beyond).sum(axis=0)
    order = np.argsort(-added, kind="stable")
    return order[added[order] > 0]


@per_run
def removal_of_slice(run: Run, key: str) -> Removal | None:
    """Return the removal that helps the failures of a slice most, see `removal_for`.

    Parameters
    ----------
    run : Run
    key : str
        Of the slice, see `core.causes.slices.slice_key`.

    Returns
    -------
    Removal or None
        None where none fixes more than it breaks, or the head cannot be changed so.
    """
    found = find_slice(run, key)
    if found is None or not is_refittable(run):
        return None
    return removal_for(run, found.failures)


@per_run
def suggestions(run: Run) -> list[Suggestion]:
    """Return the removals that slices suggest, those that help most first.

    Slices of one condition (a background that misleads in some classes and is missing in another)
    make one suggestion: for all of them, or for the one that can be helped more.
    """
    if not is_refittable(run):
        return []
    alike: dict[tuple[Kind, int], list[Slice]] = {}
    for each in slices(run).found[:N_SLICES]:
        first = each.conditions[0]
        alike.setdefault((first.kind, first.number), []).append(each)
    found = []
    for group in alike.values():
        # filters that help all of them, or else one of them
        together = [_suggestion(run, group), *(_suggestion(run, [each]) for each in group)]
        found += sorted(filter(None, together), key=_gain, reverse=True)[:1]
    return sorted(found, key=_gain, reverse=True)


def _suggestion(run: Run, group: list[Slice]) -> Suggestion | None:
    failures = np.unique(np.concatenate([each.failures for each in group]))
    removal = removal_for(run, failures)
    if removal is None:
        return None
    return Suggestion(group[0].conditions[0], _classes(group), group[0], failures, removal)


def _gain(suggestion: Suggestion) -> int:
    return suggestion.removal.n_fixed - suggestion.removal.n_broken


def _classes(group: list[Slice]) -> tuple[int, ...]:
    of = (
        each.scope.predicted_c if each.scope.true_c is None else each.scope.true_c for each in group
    )
    return tuple(dict.fromkeys(c for c in of if c is not None))


def why(run: Run, suggestion: Suggestion) -> str:
    """Return what a suggestion is for: "22 failures with “white snow” in Bibbed Fenwick"."""
    names = ", ".join(str(run.classes["name"].iloc[c]) for c in suggestion.cs)
    what = _named(run, suggestion.found, suggestion.condition)
    of = " called " if suggestion.found.scope.true_c is None else " in "
    return f"{counted(len(suggestion.failures), 'failure')} {what}{of * bool(names)}{names}"


def _named(run: Run, found: Slice, condition: Condition) -> str:
    if condition.kind is Kind.QUALITY:
        words = quality_words(run)[condition.number]
        return f"of images that are {'not ' * condition.is_absent}{words}"
    if condition.kind is Kind.BACKGROUND:
        return f"by {background_name(run, found, condition)}"
    word = f"“{attribute_phrase(run, condition.number)}”"
    return f"{'without' if condition.is_absent else 'with'} {word}"
