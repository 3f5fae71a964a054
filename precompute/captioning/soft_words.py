"""Probabilities that phrases are seen in images, from cosines, calibrated without labels.

A cosine says little by itself: some pictures are near all texts, some texts are near all pictures.
So the mean over the phrases of the same noun is taken away first: a "red beak" has to be nearer
than other beaks. The scores of one phrase are then those of two groups of images, with it and
without it. Two normal distributions of one width are fitted by expectation maximisation; the
posterior of the higher one is a logistic function of the score, the probability. A phrase whose
groups lie closer than `MIN_APART` widths is not told apart by this model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from fieldmarks.core.errors import DataError
from fieldmarks.core.unit_length import at_unit_length
from fieldmarks.precompute.attributes.synonyms import singular

#: Widths between the means of the two groups from which on a phrase counts as told apart.
MIN_APART = 2.0
#: Least and largest share of images that have a phrase.
MIN_SHARE = 0.01
#: Cosines that differ by less are the same.
LEAST_SPREAD = 1e-5
#: Texts that a phrase is put into; their directions are averaged.
TEMPLATES = ("a photo of {kind} with {phrase}", "a close-up of {phrase}", "{phrase}")
_STEPS, _STARTS = 200, (0.1, 0.3, 0.5)


@dataclass(frozen=True)
class Calibration:
    """Of each phrase, the logistic function from its score to its probability.

    Parameters
    ----------
    slope, offset : ndarray of shape (T,)
        The probability is the logistic function of ``slope * score + offset``.
    share : ndarray of shape (T,)
        Of the images that have the phrase, as fitted.
    apart : ndarray of shape (T,)
        Widths between the groups with and without it.
    """

    slope: np.ndarray
    offset: np.ndarray
    share: np.ndarray
    apart: np.ndarray

    @property
    def is_told(self) -> np.ndarray:
        """Whether the model can recognise each phrase, shape (T,), bool."""
        return self.apart >= MIN_APART

    def probability(self, scores: np.ndarray) -> np.ndarray:
        """Return the probability of each phrase in each image, shape (X, T), float32 in [0, 1]."""
        return expit(scores * self.slope + self.offset).astype(np.float32)


def texts_of(phrase: str, kind: str = "something") -> list[str]:
    """Return the texts of a phrase.

    >>> texts_of("striped wings", "a bird")
    ['a photo of a bird with striped wings', 'a close-up of striped wings', 'striped wings']
    """
    article = "" if phrase.endswith("s") else "an " if phrase[0] in "aeiou" else "a "
    return [each.format(kind=kind, phrase=article + phrase) for each in TEMPLATES]


def unit(directions: np.ndarray) -> np.ndarray:
    """Return directions of length 1, shape (n, D)."""
    values = np.asarray(directions, np.float32)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise DataError(
            f"the model gives directions of shape {values.shape} or values that are not finite"
        )
    return at_unit_length(values)


def scores_of(images: np.ndarray, texts: np.ndarray, phrases: Sequence[str]) -> np.ndarray:
    """Return how much nearer each image is to a phrase than to others of its noun, shape (X, T).

    Parameters
    ----------
    images : ndarray of shape (X, D)
        Of length 1.
    texts : ndarray of shape (T, D)
        Of length 1.
    phrases : sequence of T str
        A noun that has one phrase only is compared with all phrases.
    """
    cosines = images @ texts.T
    nouns = np.array([singular(phrase.split()[-1]) for phrase in phrases])
    scores = np.empty_like(cosines)
    for noun in np.unique(nouns):
        at = np.flatnonzero(nouns == noun)
        others = at if len(at) > 2 else np.arange(len(phrases))
        scores[:, at] = cosines[:, at] - cosines[:, others].mean(axis=1, keepdims=True)
    return scores


def calibrate(scores: np.ndarray) -> Calibration:
    """Fit two groups to the scores of each phrase; of several starts the most likely one counts.

    Parameters
    ----------
    scores : ndarray of shape (X, T)
        Of training images.
    """
    mean, spread = scores.mean(axis=0), np.maximum(scores.std(axis=0), LEAST_SPREAD)
    standard = (scores - mean) / spread
    fits = [_two_groups(standard, share) for share in _STARTS]
    best = np.argmax([fit[-1] for fit in fits], axis=0)
    low, high, width, share = (
        np.choose(best, [fit[i] for fit in fits]) for i in range(len(fits[0]) - 1)
    )
    slope = (high - low) / width**2
    offset = logit(share) - slope * (low + high) / 2
    return Calibration(slope / spread, offset - slope * mean / spread, share, (high - low) / width)


def _two_groups(values: np.ndarray, share: float) -> tuple[np.ndarray, ...]:
    """Return means, width, share and log-likelihood of two groups per column, shape (T,) each."""
    split = np.quantile(values, 1 - share, axis=0)
    member = expit(4.0 * (values - split))
    low = high = width = part = np.zeros(values.shape[1])
    for _ in range(_STEPS):
        part = np.clip(member.mean(axis=0), MIN_SHARE, 1 - MIN_SHARE)
        n_high, n_low = member.sum(axis=0) + 1e-9, (1 - member).sum(axis=0) + 1e-9
        high, low = (
            (member * values).sum(axis=0) / n_high,
            ((1 - member) * values).sum(axis=0) / n_low,
        )
        variance = (member * (values - high) ** 2 + (1 - member) * (values - low) ** 2).mean(axis=0)
        width = np.sqrt(np.maximum(variance, 1e-4))
        member = expit((high - low) / width**2 * (values - (high + low) / 2) + logit(part))
    each = [-0.5 * ((values - mean) / width) ** 2 - np.log(width) for mean in (low, high)]
    likelihood = np.logaddexp(each[0] + np.log(1 - part), each[1] + np.log(part)).sum(axis=0)
    return low, np.maximum(high, low), width, part, likelihood
