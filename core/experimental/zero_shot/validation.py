"""Choosing on seen classes alone: penalties, and how far unseen classes are favoured.

A classifier that was fitted to seen classes prefers them. *Calibrated stacking* (Chao et al., An
empirical study and analysis of generalized zero-shot learning, ECCV 2016) adds an offset to the
scores of unseen classes. It is chosen on families of seen classes that play the unseen ones in
turn: two thirds of the images of each class fit and describe, the rest are classified.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fieldmarks.core.estimators import Inputs
from fieldmarks.core.estimators.base import caption_fraction
from fieldmarks.core.experimental.zero_shot.classifiers import Scorer
from fieldmarks.core.experimental.zero_shot.descriptions import class_descriptions

#: Choices of classes that play the unseen ones.
N_FOLDS = 3
#: Every n-th image of a class is classified.
HELD_OUT = 3
#: Offsets that are tried.
N_OFFSETS = 201


class Classifier(Protocol):
    """Anything that is fitted to seen classes and gives scores to all."""

    def fit(self, inputs: Inputs, descriptions: np.ndarray, is_seen: np.ndarray) -> Scorer:
        """Return the scorer."""
        ...


@dataclass(frozen=True)
class Chosen:
    """A classifier, and the offset on its scores of unseen classes."""

    classifier: Classifier
    offset: float


@dataclass(frozen=True)
class Scored:
    """Scores of some images and what is right.

    Parameters
    ----------
    scores : ndarray of shape (n, C)
        Minus infinity for classes without a description.
    true_c : ndarray of shape (n,)
    is_unseen : ndarray of shape (C,), bool
    """

    scores: np.ndarray
    true_c: np.ndarray
    is_unseen: np.ndarray

    def best(self, among: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the best class among some, (C,) bool, and its score, (n,) each."""
        scores = np.where(among, self.scores, -np.inf)
        c = scores.argmax(axis=1)
        return c, np.take_along_axis(scores, c[:, None], axis=1)[:, 0]

    def predicted(self, offset: float) -> np.ndarray:
        """Return the class of each image among all, shape (n,)."""
        (unseen, high), (seen, other) = self.best(self.is_unseen), self.best(~self.is_unseen)
        return np.where(high + offset > other, unseen, seen)


def judge(scorer: Scorer, pooled: np.ndarray, true_c: np.ndarray, is_unseen, is_described):
    """Return the scores of images among the classes that have a description."""
    scores = np.where(is_described, scorer(pooled), -np.inf)
    return Scored(scores, true_c, is_unseen)


def per_class(is_right: np.ndarray, true_c: np.ndarray) -> float:
    """Return the mean over classes of the share of right images, in [0, 1]; 0 without images."""
    if not len(true_c):
        return 0.0
    n = np.bincount(true_c)
    right = np.bincount(true_c, weights=is_right)
    return float((right[n > 0] / n[n > 0]).mean())


def harmonic(judged: Scored, offset: float) -> float:
    """Return the harmonic mean of per-class accuracy on unseen and seen classes, in [0, 1]."""
    is_right, of_unseen = judged.predicted(offset) == judged.true_c, judged.is_unseen[judged.true_c]
    u, s = (per_class(is_right[rows], judged.true_c[rows]) for rows in (of_unseen, ~of_unseen))
    return 2 * u * s / (u + s) if u + s else 0.0


def folds_of(classes: np.ndarray, group: np.ndarray, n: int, seed: int) -> Iterator[np.ndarray]:
    """Yield at most `N_FOLDS` sets of about n classes, families together, each family once.

    Parameters
    ----------
    classes : ndarray of shape (m,)
    group : ndarray of shape (m,)
        Family of each.
    """
    drawn, chosen, n_folds = np.random.default_rng(seed).permutation(np.unique(group)), [], 0
    for family in drawn:
        chosen += classes[group == family].tolist()
        if len(chosen) >= n and len(classes) - len(chosen) >= 2:
            yield np.sort(chosen)
            chosen, n_folds = [], n_folds + 1
        if n_folds == N_FOLDS:
            return


def choose_classifier(
    candidates: Sequence[Classifier],
    inputs: Inputs,
    family: np.ndarray,
    n_unseen: int,
    seed: int = 0,
) -> Chosen:
    """Return the best candidate and offset on classes that play the unseen ones.

    The candidate is that of the best accuracy among unseen classes alone, the offset that of the
    best harmonic mean; both averaged over folds. Without a fold: the first, and no offset.

    Parameters
    ----------
    candidates : sequence of Classifier
    inputs : Inputs
        Captioned training images of seen classes.
    family : ndarray of shape (C,)
        Classes of one family play the unseen ones together.
    n_unseen : int
        About how many classes play them.
    seed : int
        Of the folds.
    """
    C = len(family)
    share, true_c = caption_fraction(inputs), inputs.true_c
    turn = np.zeros(len(true_c), int)
    for c in np.unique(true_c):
        turn[true_c == c] = np.arange((true_c == c).sum())
    is_held = turn % HELD_OUT == HELD_OUT - 1
    descriptions = class_descriptions(share[~is_held], true_c[~is_held], C)
    is_described = np.isfinite(descriptions).all(axis=1)
    known = np.flatnonzero(is_described)
    judged: list[list[Scored]] = [[] for _ in candidates]
    for unseen in folds_of(known, family[known], n_unseen, seed):
        is_unseen = np.isin(np.arange(C), unseen)
        taught = inputs.of_images(~is_held & ~is_unseen[true_c])
        pooled = inputs.activations(np.flatnonzero(is_held))
        for i, candidate in enumerate(candidates):
            scorer = candidate.fit(taught, descriptions, ~is_unseen)
            judged[i].append(judge(scorer, pooled, true_c[is_held], is_unseen, is_described))
    if not judged[0]:
        return Chosen(candidates[0], 0.0)
    best = int(np.argmax([np.mean([_unseen_alone(j) for j in each]) for each in judged]))
    return Chosen(candidates[best], _best_offset(judged[best]))


def _unseen_alone(judged: Scored) -> float:
    rows = judged.is_unseen[judged.true_c]
    is_right = judged.best(judged.is_unseen)[0] == judged.true_c
    return per_class(is_right[rows], judged.true_c[rows])


def _best_offset(judged: list[Scored]) -> float:
    """Return the offset of the best mean harmonic mean."""
    gaps = np.concatenate([j.best(~j.is_unseen)[1] - j.best(j.is_unseen)[1] for j in judged])
    offsets = np.quantile(gaps, np.linspace(0, 1, N_OFFSETS))
    means = [np.mean([harmonic(j, offset) for j in judged]) for offset in offsets]
    return float(offsets[int(np.argmax(means))])
