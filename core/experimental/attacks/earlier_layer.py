"""Words of an earlier layer, against those of the last one: a detector of attacked pictures.

The words of an earlier layer are made as those of the last one are. Its head is a multinomial
logistic regression of the class on its pooled activations, fitted to training images; p(t given f)
is that of the run's default estimator; its words are p(t given x, c) of the class that this head
predicts. A picture is suspicious where the two layers say different words. The control needs no
words: how improbable this head finds the class that the network predicts.
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from fieldmarks.core.estimators.base import words
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.experimental.attacks.record import EarlierActivations
from fieldmarks.core.experimental.attacks.reference import LEAST, standardised, taught_images
from fieldmarks.core.probability import p_t_given_xc
from fieldmarks.core.run.run import Run

#: Inverse penalties of the head that are tried.
INVERSE_PENALTIES = (0.001, 0.01, 0.1)
#: Share of the training images that are left out to choose one.
HELD_OUT = 0.2
#: Score of a class that no training image has.
_UNKNOWN = -1e3


def images_of_earlier(run: Run) -> np.ndarray:
    """Return the images whose earlier activations are needed, ascending."""
    is_needed = run.images["is_train"].to_numpy(bool) & run.is_readable & ~run.is_left_out
    failures = run.failures
    is_needed[failures] = (run.images["n_captions"].to_numpy() > 0)[failures]
    return np.flatnonzero(is_needed & run.is_readable)


@dataclass(frozen=True)
class EarlierWords:
    """The head, the p.d.f.s and the usual words of an earlier layer.

    Parameters
    ----------
    class_weights : ndarray of shape (C, E)
    class_bias : ndarray of shape (C,)
    p_t_given_f : ndarray of shape (E, T)
    mean, deviation : ndarray of shape (T,)
        Of log p(t given x, c) over captioned training images, see `reference.Reference`.
    """

    class_weights: np.ndarray
    class_bias: np.ndarray
    p_t_given_f: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, run: Run, earlier: EarlierActivations) -> "EarlierWords":
        """Fit them to the training images of a run."""
        is_train = run.images["is_train"].to_numpy(bool)[earlier.xs]
        labels = run.images["true_c"].to_numpy()[earlier.xs[is_train]]
        weights, bias = fit_head(np.asarray(earlier.pooled)[is_train], labels, run.sizes["C"])
        taught = earlier.of(taught_images(run)).astype(np.float32)
        inputs = replace(inputs_of(run), pooled=taught, class_weights=weights, maps=None)
        p_t_given_f = words(run.default_estimator, inputs)
        c = (taught @ weights.T + bias).argmax(axis=1)
        p = p_t_given_xc(taught, weights[c], p_t_given_f)
        return cls(weights, bias, p_t_given_f, *standardised(np.log(np.maximum(p, LEAST))))

    def log_p(self, pooled: np.ndarray) -> np.ndarray:
        """Return the head's log-probability of every class, shape (n, C)."""
        return log_softmax(pooled @ self.class_weights.T + self.class_bias, axis=1)

    def image_words(self, pooled: np.ndarray) -> np.ndarray:
        """Return log p(t given x, c) in deviations from the usual, shape (n, T)."""
        c = self.log_p(pooled).argmax(axis=1)
        p = p_t_given_xc(pooled, self.class_weights[c], self.p_t_given_f)
        return (np.log(np.maximum(p, LEAST)) - self.mean) / self.deviation


def fit_head(pooled: np.ndarray, labels: np.ndarray, C: int) -> tuple[np.ndarray, np.ndarray]:
    """Return W (C, E) and b (C,) of a multinomial logistic regression, for unscaled activations.

    The penalty is the one with the lowest loss on a fifth of the images.

    Parameters
    ----------
    pooled : ndarray of shape (n, E)
    labels : ndarray of shape (n,)
        At least two classes.
    C : int
    """
    mean, deviation = pooled.mean(axis=0), pooled.std(axis=0)
    deviation = np.where(deviation > LEAST, deviation, np.inf)
    values = (pooled - mean) / deviation
    is_left = np.random.default_rng(0).random(len(labels)) < HELD_OUT
    is_left &= np.isin(labels, labels[~is_left])
    losses = []
    for inverse in INVERSE_PENALTIES:
        model = _fitted(values[~is_left], labels[~is_left], inverse)
        log_p = model.predict_log_proba(values[is_left])
        column = np.searchsorted(model.classes_, labels[is_left])
        losses.append(-log_p[np.arange(len(column)), column].sum())
    model = _fitted(values, labels, INVERSE_PENALTIES[int(np.argmin(losses))])
    known, coefficients, intercept = model.classes_, model.coef_, model.intercept_
    if len(known) == 2:  # scikit-learn keeps one row of two classes
        coefficients, intercept = (np.concatenate([-v, v]) / 2 for v in (coefficients, intercept))
    weights, bias = np.zeros((C, pooled.shape[1])), np.full(C, _UNKNOWN)
    weights[known] = coefficients / deviation
    bias[known] = intercept - weights[known] @ mean
    return weights.astype(np.float32), bias


def _fitted(values: np.ndarray, labels: np.ndarray, inverse: float) -> LogisticRegression:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=inverse, max_iter=200).fit(values, labels)
