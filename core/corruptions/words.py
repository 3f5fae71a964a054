"""The words of changed pictures: sentences, and which words are lost first."""

from dataclasses import dataclass, replace

import numpy as np

from fieldmarks.core.bootstrap import Resamples, Score, ratio
from fieldmarks.core.corruptions.record import CORRUPTIONS, UNCHANGED, Record
from fieldmarks.core.explanations.attribute_ranking import by_lift, top_attributes
from fieldmarks.core.explanations.explanation import usual_words
from fieldmarks.core.explanations.factors import Factors, sentence_weights
from fieldmarks.core.explanations.never_together import never_together
from fieldmarks.core.probability import words_given_xc
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.run import Run

#: A word is listed if the sentences of so many unchanged pictures have it.
MIN_PICTURES = 8


def words_of_pictures(run: Run, pooled: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return p(t given x, c) of pictures that are not in the run, as sentences use it, (A, T).

    Parameters
    ----------
    run : Run
    pooled : ndarray of shape (A, F)
    c : ndarray of shape (A,)
        Class that each is explained as.
    """
    pooled = np.asarray(pooled)
    return words_given_xc(pooled, run.weights_at(pooled, c), sentence_weights(run))


def sentences_of(
    run: Run, pooled: np.ndarray, c: np.ndarray, moments: np.ndarray | None = None
) -> np.ndarray:
    """Return the attributes of each picture's sentence, shape (A, 5), -1 for none.

    Those that are seen in it and count; where presence is not claimed, the most probable ones.

    Parameters
    ----------
    run : Run
    pooled : ndarray of shape (A, F)
    c : ndarray of shape (A,)
        Class that each is explained as.
    moments : ndarray of shape (A, B), optional
        Of earlier blocks, for a run that has those of its images.
    """
    pictures = replace(Factors.of(run), pooled=np.asarray(pooled), local=None, moments=moments)
    said = pictures.said(np.arange(len(pooled)), np.asarray(c))
    if said is not None:
        return said
    p = words_of_pictures(run, pooled, c)
    top = top_attributes(p, run.attributes, min(N_EXPLAIN, p.shape[1]), never_together(run))
    top = by_lift(top, p, usual_words(run, None))
    return np.pad(top, ((0, 0), (0, N_EXPLAIN - top.shape[1])), constant_values=-1)


@dataclass(frozen=True)
class Loss:
    """How often a word of the unchanged sentence is missing after a change.

    Parameters
    ----------
    kind : str
    t : int
        The attribute, -1 for all together.
    n : int
        Unchanged pictures whose sentence has it.
    by_level : list of float
        Percent of these whose sentence lacks it, at each strength.
    mean : Score
        The same, averaged over strengths.
    difference : Score
        From that of all words together, paired.
    """

    kind: str
    t: int
    n: int
    by_level: list[float]
    mean: Score
    difference: Score


def words_lost(run: Run, record: Record, seed: int = 0) -> list[Loss]:
    """Return which words break first under each corruption, most fragile first, all words on top.

    Parameters
    ----------
    run : Run
    record : Record
    seed : int
        Of resamples.
    """
    c = record.table["predicted_c"].to_numpy()
    said = sentences_of(run, record.pooled, c, record.moments)
    before = said[record.rows(UNCHANGED)]
    drawn = Resamples(len(before), seed=seed, group=run.images["true_c"].to_numpy()[record.xs])
    losses = []
    for kind in (k for k in CORRUPTIONS if k in record.kinds):
        levels = list(record.levels(kind))
        after = [said[record.rows(kind, level)] for level in levels]
        lost = np.stack([is_lost(before, now) for now in after])
        had = before >= 0
        total = _loss(kind, -1, lost * had, had, drawn)
        ts, n = np.unique(before[had], return_counts=True)
        of_words = [
            _loss(kind, int(t), lost * (before == t), before == t, drawn, total.mean)
            for t in ts[n >= MIN_PICTURES]
        ]
        losses += [total, *sorted(of_words, key=lambda loss: -loss.mean.value)]
    return losses


def is_lost(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return whether each word of the sentences before is missing after, shape (n, 5)."""
    return ~(before[:, :, None] == after[:, None, :]).any(axis=2)


def _loss(
    kind: str,
    t: int,
    lost: np.ndarray,
    had: np.ndarray,
    drawn: Resamples,
    total: Score | None = None,
) -> Loss:
    """Return the loss of a word from (levels, n, 5) and (n, 5) flags."""
    n_had = had.sum(axis=1).astype(float)
    by_level = 100 * lost.sum(axis=(1, 2)) / max(n_had.sum(), 1)
    mean = ratio(lost.sum(axis=2).mean(axis=0), n_had, drawn, unit=100)
    difference = mean.minus(mean if total is None else total)
    return Loss(kind, t, int((n_had > 0).sum()), by_level.tolist(), mean, difference)
