"""The words of changed pictures: attribute p.d.f.s, sentences, and which words are lost first."""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.bootstrap import Resamples, Score, ratio
from fieldmarks.core.corruptions.record import CORRUPTIONS, UNCHANGED, AttackRecord
from fieldmarks.core.estimators.base import caption_fraction
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.explanations.attribute_ranking import by_lift, top_attributes
from fieldmarks.core.explanations.explanation import usual_words
from fieldmarks.core.explanations.factors import sentence_weights
from fieldmarks.core.explanations.never_together import never_together
from fieldmarks.core.probability import p_t_given_xc, words_given_xc
from fieldmarks.core.run.caption_shares import caption_shares_of
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.run import Run

#: A word is listed if the sentences of so many unchanged pictures have it.
MIN_PICTURES = 8
#: Kept from zero in logarithms of probabilities.
LEAST = 1e-9


def p_of_pictures(run: Run, pooled: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return p(t given x, c) of pictures that are not in the run, eq. (5), shape (A, T).

    Parameters
    ----------
    run : Run
    pooled : ndarray of shape (A, F)
    c : ndarray of shape (A,)
        Class that each is explained as.
    """
    pooled = np.asarray(pooled)
    return p_t_given_xc(pooled, run.weights_at(pooled, c), run.array("p_t_given_f"))


def words_of_pictures(run: Run, pooled: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return p(t given x, c) as sentences use it, shape (A, T); arguments as above."""
    pooled = np.asarray(pooled)
    return words_given_xc(pooled, run.weights_at(pooled, c), sentence_weights(run))


def sentences_of(run: Run, p: np.ndarray) -> np.ndarray:
    """Return the attributes of each picture's sentence, shape (A, 5), -1 for none.

    Parameters
    ----------
    run : Run
    p : ndarray of shape (A, T)
        From `words_of_pictures`.
    """
    top = top_attributes(p, run.attributes, min(N_EXPLAIN, p.shape[1]), never_together(run))
    top = by_lift(top, p, usual_words(run, None))
    return np.pad(top, ((0, 0), (0, N_EXPLAIN - top.shape[1])), constant_values=-1)


@dataclass(frozen=True)
class Reference:
    """What words usually do, so that a picture's words can be compared with captions.

    Parameters
    ----------
    mean, deviation : ndarray of shape (T,)
        Of log p(t given x, predicted c) over training images; the deviation is infinite for words
        that do not vary.
    share : ndarray of shape (T,)
        Mean share of the captions of a training image that name t.
    """

    mean: np.ndarray
    deviation: np.ndarray
    share: np.ndarray

    @classmethod
    def of(cls, run: Run) -> "Reference":
        """Return that of a run's captioned training images."""
        inputs = inputs_of(run)
        xs = taught_images(run)
        c = run.images["predicted_c"].to_numpy()[xs]
        log_p = np.log(np.maximum(p_of_pictures(run, run.array("pooled")[xs], c), LEAST))
        return cls(*standardised(log_p), caption_fraction(inputs).mean(axis=0))

    def image_words(self, p: np.ndarray) -> np.ndarray:
        """Return what pictures say more of than usual, as unit vectors, (A, T)."""
        return unit((np.log(np.maximum(p, LEAST)) - self.mean) / self.deviation)

    def caption_words(self, share: np.ndarray) -> np.ndarray:
        """Return what captions name more than usual, as unit vectors; 0 where nothing is said."""
        is_said = np.asarray(share.any(axis=1, keepdims=True))
        return unit(np.where(is_said, share - self.share, 0))


def standardised(log_p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation over images, (T,) each; infinite for words that do not vary."""
    deviation = log_p.std(axis=0)
    deviation[deviation < LEAST] = np.inf
    return log_p.mean(axis=0), deviation


def taught_images(run: Run) -> np.ndarray:
    """Return the images that estimators see: captioned, of the training split."""
    is_captioned = (run.images["n_captions"] > 0).to_numpy()
    return np.flatnonzero(~run.is_test & ~run.is_left_out & run.is_readable & is_captioned)


def shares_of_images(run: Run, xs: np.ndarray) -> np.ndarray:
    """Return the share of each image's captions that name t, shape (n, T); 0 without captions."""
    return caption_shares_of(run, xs).toarray().astype(float)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return rows divided by their length; a row of zeros stays."""
    length = np.sqrt(np.square(vectors).sum(axis=1, keepdims=True))
    return np.divide(vectors, length, out=np.zeros_like(vectors, float), where=length > 0)


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


def words_lost(run: Run, record: AttackRecord, seed: int = 0) -> list[Loss]:
    """Return which words break first under each corruption, most fragile first, all words on top.

    Parameters
    ----------
    run : Run
    record : AttackRecord
    seed : int
        Of resamples.
    """
    c = record.table["predicted_c"].to_numpy()
    said = sentences_of(run, words_of_pictures(run, record.pooled, c))
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
