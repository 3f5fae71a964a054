"""How much of one filter's activation its words predict, with the baselines.

The share of captions that name t, weighted by p(t given f), is a prediction of the activation of
filter f. Its correlation r with the activations of test images is the *simulation score*; the
*share predicted* is r squared where r is positive: the part of the variance of the activation that
a line through the prediction explains. It is 0 where r is negative, because a word that the filter
avoids is not a word for what it sees.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from fieldmarks.core.run.caption_shares import caption_shares_of
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.unit_length import centred_at_unit_length

#: Other filters whose words are tried on the filter, drawn at random.
N_OTHERS = 100
#: At most so many images of each split, evenly spaced.
N_IMAGES = 6000
#: Only attributes of so many training images can be the best single word.
MIN_IMAGES = 10


@dataclass(frozen=True)
class FilterPrediction:
    """What captions predict of a filter's activation in test images.

    Attributes
    ----------
    correlation : float
        Pearson's, of the activations with the prediction by p(t given f), in [-1, 1].
    best_t : int
        The attribute whose share of captions correlates best in training images, -1 for none.
    best_word : float
        Its correlation in test images.
    exchanged : ndarray of shape (n,)
        The same correlation by the p(t given f) of other filters: the control.
    n_images : int
        Captioned test images.
    """

    correlation: float
    best_t: int
    best_word: float
    exchanged: np.ndarray
    n_images: int

    @property
    def share_exchanged(self) -> float:
        """Mean share predicted by the words of another filter, in [0, 1]; NaN without any."""
        return float(share_predicted(self.exchanged).mean()) if len(self.exchanged) else np.nan

    @property
    def is_beaten_by(self) -> float:
        """Share of the other filters whose words predict this filter at least as well."""
        if not len(self.exchanged):
            return np.nan
        return float((self.exchanged >= self.correlation).mean())


def share_predicted(correlation: np.ndarray | float) -> np.ndarray:
    """Return the share of the variance that a prediction of this correlation explains, in [0, 1].

    >>> share_predicted(np.array([0.5, -0.5])).tolist()
    [0.25, 0.0]
    """
    return np.square(np.clip(correlation, 0, None))


def filter_prediction(
    run: Run, f: int, estimator: str | None = None, seed: int = 0
) -> FilterPrediction | None:
    """Return what captions predict of filter f, None where no test image has captions.

    Parameters
    ----------
    run : Run
    f : int
    estimator : str, optional
        By default the run's default estimator.
    seed : int
        Of the other filters that are drawn.
    """
    xs, share = _captioned(run, True)
    if not len(xs):
        return None
    p = run.array("p_t_given_f", estimator)
    y = _standard(run.array("pooled")[xs, f])
    others = np.random.default_rng(seed).permutation(np.delete(np.arange(len(p)), f))[:N_OTHERS]
    predicted = share @ np.asarray(p[np.concatenate([[f], others])], np.float32).T
    correlation = _standard(predicted).T @ y
    t, best = _best_word(run, f), 0.0
    if t >= 0:
        best = float(_standard(share[:, [t]].toarray()[:, 0]) @ y)
    return FilterPrediction(float(correlation[0]), t, best, correlation[1:], len(xs))


def _best_word(run: Run, f: int) -> int:
    xs, share = _captioned(run, False)
    n_images = np.diff(share.tocsc().indptr)
    if not len(xs) or not n_images.any():
        return -1
    y = _standard(run.array("pooled")[xs, f])
    mean = share.mean(axis=0)
    variance = share.multiply(share).mean(axis=0) - mean**2
    scale = np.sqrt(np.where(variance > 1e-12, variance, np.inf))
    correlation = share.T @ y / (scale * np.sqrt(len(xs)))
    correlation[n_images < min(MIN_IMAGES, n_images.max())] = -np.inf
    return int(correlation.argmax())


@per_run
def _captioned(run: Run, is_test: bool) -> tuple[np.ndarray, sparse.csr_array]:
    """Return captioned images of a split, and the share of their captions that name t, (n, T)."""
    n_captions = run.images["n_captions"].to_numpy()
    xs = np.flatnonzero((run.is_test == is_test) & run.is_readable & (n_captions > 0))
    if len(xs) > N_IMAGES:
        xs = xs[np.linspace(0, len(xs) - 1, N_IMAGES).astype(int)]
    return xs, caption_shares_of(run, xs)


def _standard(values: np.ndarray) -> np.ndarray:
    return centred_at_unit_length(np.asarray(values, float))
