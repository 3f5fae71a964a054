"""What words usually do, so that a picture's words can be compared with captions."""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.estimators.base import caption_fraction
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.probability import p_t_given_xc
from fieldmarks.core.run.run import Run
from fieldmarks.core.unit_length import at_unit_length

#: Kept from zero in logarithms of probabilities.
LEAST = 1e-9


def p_of_pictures(run: Run, pooled: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return p(t given x, c) of pictures that are not in the run, eq. (5), shape (A, T).

    Parameters
    ----------
    run, pooled, c
        See `core.corruptions.words.words_of_pictures`.
    """
    pooled = np.asarray(pooled)
    return p_t_given_xc(pooled, run.weights_at(pooled, c), run.array("p_t_given_f"))


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
        return at_unit_length((np.log(np.maximum(p, LEAST)) - self.mean) / self.deviation)

    def caption_words(self, share: np.ndarray) -> np.ndarray:
        """Return what captions name more than usual, as unit vectors; 0 where nothing is said."""
        is_said = np.asarray(share.any(axis=1, keepdims=True))
        return at_unit_length(np.where(is_said, share - self.share, 0))


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
    n_captions = np.maximum(run.images["n_captions"].to_numpy()[xs], 1)
    return run.counts[xs].toarray() / n_captions[:, None]
