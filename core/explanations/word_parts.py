"""What puts a word into a sentence: its own filters, and other words that come with it.

Where an estimator explains attributes by attributes (`core.estimators.explaining_away`), the score
of a word is its mean over training images, plus what its own sum of eq. (5) adds, plus what the
sums of other words add. The first addition is that of the filters in the word's list and heatmap;
the second reflects that captions with the other words contain this one, too.
"""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.explanations.factors import sentence_weights
from fieldmarks.core.probability import p_f_given_xc
from fieldmarks.core.run.run import Run


@dataclass(frozen=True)
class WordParts:
    """The score of attribute t in image x for class c, in units of its mean in training images.

    Attributes
    ----------
    direct : float
        What its own filters add to the mean, which is 1; negative where they are less active.
    others : float
        What the sums of other words add.
    """

    direct: float
    others: float

    @property
    def score(self) -> float:
        """The score: 1 for a word that is as likely here as in the mean image."""
        return 1 + self.direct + self.others


def word_parts(run: Run, x: int, c: int, t: int, estimator: str | None = None) -> WordParts | None:
    """Return the parts of the score of a word; None where sentences are sums of eq. (5)."""
    name = f"sentence_parts/{estimator or run.default_estimator}"
    if name not in run.array_names:
        return None
    usual, weight, mean = np.asarray(run.array("sentence_parts", estimator)[:, t], float)
    if usual <= 0:
        return None
    p_f = p_f_given_xc(np.asarray(run.array("pooled")[x], float), run.weights(x, c))
    direct = weight * (p_f @ run.array("p_t_given_f", estimator)[:, t] - mean)
    score = p_f @ sentence_weights(run, estimator)[:, t]
    return WordParts(float(direct / usual), float((score - usual - direct) / usual))


def direct_share(direct: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Return the share of the variance of each word's score over images that is its own part's.

    Parameters
    ----------
    direct, score : ndarray of shape (X, T)

    Returns
    -------
    ndarray of shape (T,)
        Covariance of both over the variance of the score: 1 where the rest does not vary with it,
        0 where the own part does not. 0 where the score does not vary.
    """
    direct, score = direct - direct.mean(axis=0), score - score.mean(axis=0)
    variance = (score * score).mean(axis=0)
    varies = variance > 1e-12
    return np.divide(
        (direct * score).mean(axis=0), variance, out=np.zeros_like(variance), where=varies
    )
