"""Whether a column of a table is visible in the pictures: season or usage may not be.

Words of a column are predicted from activations by half of the training images for the other half,
and compared within classes: a network distinguishes classes, so a column that depends on the class
is predicted through it, visible or not. The halves are the first and the last images of each class
in the order of the table: images beside each other are often of one series, and what a series has
in common (its season, its maker) is recognised by its style. The measure is the area under the ROC
curve over pairs of images of one class, one with the word and one without. Chance is the same with
the words of the images of a class permuted. Test images are not used.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from fieldmarks.core.batching import RowSubset
from fieldmarks.core.errors import DataError
from fieldmarks.core.estimators.base import Inputs
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.presence.columns import column_words
from fieldmarks.core.presence.fit import fit_presence
from fieldmarks.core.run.run import Run

#: Permutations of words within classes.
N_PERMUTED = 200
#: Level of the test, and the area that it must be able to find: a column of too few pairs of
#: images is not judged.
LEVEL, FINDABLE = 0.05, 0.6


@dataclass(frozen=True)
class Visibility:
    """How well activations predict the words of a column within classes.

    Parameters
    ----------
    column : str
    area : float
        Under the ROC curve, in [0, 1]; 0.5 is chance.
    chance : float
        What permuted words reach in 95 of 100 draws.
    n_pairs : int
        Pairs of images of one class, one with a word and one without, over all words.
    """

    column: str
    area: float
    chance: float
    n_pairs: int

    @property
    def is_judged(self) -> bool:
        """Whether an area of `FINDABLE` would have been found."""
        return self.n_pairs > 0 and self.chance < FINDABLE

    @property
    def is_visible(self) -> bool:
        """Whether activations do better than chance, or the data do not suffice to tell."""
        return not self.is_judged or self.area > self.chance

    @property
    def told(self) -> str:
        """Return a sentence: the column is not visible here."""
        return (
            f"column {self.column} is not visible here, so it is never named: within classes, "
            "activations predict its words no better than chance (area under the ROC curve "
            f"{self.area:.2f}, permuted words reach {self.chance:.2f})"
        )


def visibilities(run: Run, seed: int = 0) -> list[Visibility]:
    """Return how well each column of a table can be seen; none for a run of captions."""
    columns = column_words(run)
    if not columns:
        return []
    inputs = inputs_of(run, keypoints=False)
    ts = np.concatenate(list(columns.values()))
    scores, rows = held_out_scores(inputs, ts)
    named = (inputs.counts[rows][:, ts] > 0).toarray()
    place = {int(t): i for i, t in enumerate(ts) if np.isfinite(scores[:, i]).all()}
    judged = {name: [place[t] for t in map(int, of) if t in place] for name, of in columns.items()}
    return [
        visibility(name, scores[:, i], named[:, i], inputs.true_c[rows], seed)
        for name, i in judged.items()
    ]


def held_out_scores(inputs: Inputs, ts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the log-odds of words by the other half of the images, (n, len(ts)), and the rows.

    Halves are the first and the last images of each class. NaN where a half names a word too
    seldom.
    """
    order = np.argsort(inputs.true_c, kind="stable")
    n = np.bincount(inputs.true_c)
    position = np.arange(len(order)) - np.repeat(np.cumsum(n) - n, n)
    is_first = 2 * position < n[inputs.true_c[order]]
    scores = np.full((len(order), len(ts)), np.nan, np.float32)
    for is_learnt in (is_first, ~is_first):
        learnt, left_out = order[is_learnt], order[~is_learnt]
        counts = inputs.counts[learnt][:, ts]
        if not counts.nnz:
            continue
        half = replace(
            inputs,
            pooled=RowSubset(inputs.pooled, learnt),
            moments=None if inputs.moments is None else RowSubset(inputs.moments, learnt),
            counts=counts,
            n_captions=inputs.n_captions[learnt],
            prior=np.full(len(ts), 1 / len(ts)),
            true_c=inputs.true_c[learnt],
            nouns=inputs.nouns[ts],
            adjectives=inputs.adjectives[ts],
            maps=None,
        )
        try:
            fitted = fit_presence(half)
        except DataError:
            continue
        scores[~is_learnt] = fitted.log_odds(inputs.features(left_out))
    return scores, order


def visibility(
    column: str, scores: np.ndarray, named: np.ndarray, true_c: np.ndarray, seed: int = 0
) -> Visibility:
    """Compare scores with words within classes.

    Parameters
    ----------
    column : str
    scores : ndarray of shape (n, k)
        Of each word of the column in each image.
    named : ndarray of shape (n, k), bool
    true_c : ndarray of shape (n,)
    seed : int
        Of the permutations.

    >>> scores = np.arange(8.0)[:, None]
    >>> visibility("laces", scores, scores % 4 > 1, np.repeat([0, 1], 4)).area
    1.0
    """
    rng = np.random.default_rng(seed)
    wins, permuted, n_pairs = 0.0, np.zeros(N_PERMUTED), 0
    for c in np.unique(true_c):
        of_class = np.flatnonzero(true_c == c)
        has = named[of_class].astype(float)
        n_has = has.sum(axis=0)
        ranks = stats.rankdata(scores[of_class], axis=0)
        least = (n_has * (n_has + 1) / 2).sum()
        n_pairs += int((n_has * (len(of_class) - n_has)).sum())
        wins += (ranks * has).sum() - least
        permuted += [
            (ranks * has[rng.permutation(len(of_class))]).sum() - least for _ in range(N_PERMUTED)
        ]
    if not n_pairs:
        return Visibility(column, 0.5, 1.0, 0)
    chance = float(np.quantile(permuted / n_pairs, 1 - LEVEL))
    return Visibility(column, float(wins / n_pairs), chance, n_pairs)
