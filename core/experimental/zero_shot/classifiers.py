"""Classifiers of classes without a training image: by p(t given x), and ESZSL beside it.

Both see the same pooled activations and the same descriptions of classes. By words, an image is
what its attribute distribution says more of than the distributions of training images do on
average, and a class what its captions say more of than those of the seen classes; the score is the
cosine of the two. ESZSL (Romera-Paredes and Torr, An embarrassingly simple approach to zero-shot
learning, ICML 2015) fits one bilinear map from activations to descriptions in closed form, and
needs no p(t given f).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fieldmarks.core.batching import blocks
from fieldmarks.core.estimators import Inputs, words
from fieldmarks.core.experimental.zero_shot.descriptions import directions
from fieldmarks.core.probability import sigma
from fieldmarks.core.ridge_regression import ridge_solver

#: From pooled activations (n, F) to scores (n, C).
Scorer = Callable[[np.ndarray], np.ndarray]
#: Kept from zero in logarithms of probabilities.
_LEAST = 1e-9


@dataclass(frozen=True)
class ByWords:
    """Classes by p(t given x) = sigma(pooled) @ p(t given f).

    Parameters
    ----------
    estimator : str
        Of p(t given f).
    """

    estimator: str

    def fit(self, inputs: Inputs, descriptions: np.ndarray, is_seen: np.ndarray) -> Scorer:
        """Estimate p(t given f) on images of seen classes and return the scores of all classes.

        Parameters
        ----------
        inputs : Inputs
            Captioned training images of seen classes.
        descriptions : ndarray of shape (C, T)
            See `core.experimental.zero_shot.descriptions.class_descriptions`.
        is_seen : ndarray of shape (C,), bool
        """
        return self.scorer(words(self.estimator, inputs), inputs, descriptions, is_seen)

    @staticmethod
    def scorer(
        p_t_given_f: np.ndarray, inputs: Inputs, descriptions: np.ndarray, is_seen: np.ndarray
    ) -> Scorer:
        """Return the scores of classes for a given p(t given f) of shape (F, T)."""
        named = inputs.counts.astype(bool).sum(axis=0) > 0
        log_p = log_p_t_given_x(inputs.activations(slice(None)), p_t_given_f)
        mean, deviation = log_p.mean(axis=0), log_p.std(axis=0)
        deviation[(deviation < _LEAST) | ~named] = np.inf
        towards = directions(descriptions, is_seen)

        def scores(pooled: np.ndarray) -> np.ndarray:
            z = (log_p_t_given_x(pooled, p_t_given_f) - mean) / deviation
            length = np.sqrt(np.square(z).sum(axis=1, keepdims=True))
            return z @ towards.T / np.maximum(length, _LEAST)

        return scores


@dataclass(frozen=True)
class Eszsl:
    """ESZSL on standardised activations.

    Parameters
    ----------
    image_penalty, class_penalty : float
        The paper's gamma and lambda, relative to the mean of the diagonals that they are added to.
    """

    image_penalty: float
    class_penalty: float

    def fit(self, inputs: Inputs, descriptions: np.ndarray, is_seen: np.ndarray) -> Scorer:
        """Fit the bilinear map on images of seen classes; see `ByWords.fit`."""
        pooled = inputs.activations(slice(None)).astype(np.float64)
        mean, deviation = pooled.mean(axis=0), pooled.std(axis=0)
        deviation[deviation == 0] = np.inf
        towards = directions(descriptions, is_seen)
        seen = np.flatnonzero(is_seen & np.isfinite(descriptions).all(axis=1))
        target = np.where(inputs.true_c[:, None] == seen, 1.0, -1.0)
        bilinear = eszsl(
            *((pooled - mean) / deviation, towards[seen], target),
            *(self.image_penalty, self.class_penalty),
        )
        into_classes = bilinear @ towards.T
        return lambda given: ((given - mean) / deviation) @ into_classes


def log_p_t_given_x(pooled: np.ndarray, p_t_given_f: np.ndarray) -> np.ndarray:
    """Return log p(t given x), shape (n, T): of no class, so without class weights."""
    p = np.concatenate(
        [sigma(pooled[block]) @ p_t_given_f for block in blocks(len(pooled))]
        or [np.empty((0, p_t_given_f.shape[1]))]
    )
    return np.log(np.maximum(p, _LEAST))


def eszsl(
    images: np.ndarray,
    classes: np.ndarray,
    target: np.ndarray,
    image_penalty: float,
    class_penalty: float,
) -> np.ndarray:
    """Return the bilinear map of ESZSL, shape (F, T), equation (2) of its paper.

    (X' X + gamma I)^-1 X' Y S (S' S + lambda I)^-1 with images X, descriptions S and targets Y.

    Parameters
    ----------
    images : ndarray of shape (n, F)
    classes : ndarray of shape (C, T)
    target : ndarray of shape (n, C)
        1 for the class of an image, -1 for others.
    image_penalty, class_penalty : float
        Above 0, relative to the mean of the diagonals of X' X and S S'.
    """
    gram, kernel = images.T @ images, classes @ classes.T
    gamma = image_penalty * max(np.trace(gram) / len(gram), _LEAST)
    penalty = class_penalty * max(np.trace(kernel) / len(kernel), _LEAST)
    left = ridge_solver(gram, gamma)(images.T @ target)
    # S (S' S + a I)^-1 = (S S' + a I)^-1 S: there are fewer classes than attributes
    right = ridge_solver(kernel, penalty)(classes)
    return left @ right
