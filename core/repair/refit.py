"""The last layer fitted again on stored pooled activations, in seconds.

Multinomial logistic regression with a penalty that pulls the class weights towards those of the
network: a small change is preferred to a large one, and an infinite penalty changes nothing.
Refitting the last layer alone is enough where the features hold what is needed (Kirichenko,
Izmailov, Wilson, "Last Layer Re-Training is Sufficient for Robustness to Spurious Correlations",
2023).

What is fitted is the change, in units of each filter's standard deviation. In these units the
activations and the penalty are round, so few steps are needed, and one penalty starts from the
result of the next stronger one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax
from threadpoolctl import threadpool_limits

_MAX_ITERATIONS = 300
#: A step that lowers the loss by a smaller share of it is the last.
_TOLERANCE = 1e-7
#: Multiplications a step below which dividing them among cores costs more than it saves.
_ONE_THREAD = 1 << 29


@dataclass(frozen=True)
class LinearHead:
    """Weights of shape (C, F) and bias of shape (C,) of a last layer."""

    weights: np.ndarray
    bias: np.ndarray

    def logits(self, pooled: np.ndarray) -> np.ndarray:
        """Return the class scores of pooled activations (n, F), shape (n, C)."""
        return pooled @ self.weights.T + self.bias


@dataclass(frozen=True)
class FitSet:
    """What a head is fitted to: activations (n, F), labels (n,) and weights (n,)."""

    pooled: np.ndarray
    labels: np.ndarray
    sample_weight: np.ndarray


@dataclass(frozen=True)
class Problem:
    """The penalised cross-entropy of a change of the head, for one penalty after another.

    Attributes
    ----------
    standardised : ndarray of shape (n, F)
        Activations at mean 0, in units of each filter.
    logits : ndarray of shape (n, C)
        Of the head that is changed.
    labels : ndarray of shape (n,)
    sample_weight : ndarray of shape (n,)
        Sums to 1.
    """

    standardised: np.ndarray
    logits: np.ndarray
    labels: np.ndarray
    sample_weight: np.ndarray

    def loss_and_gradient(self, change: np.ndarray, penalty: float) -> tuple[float, np.ndarray]:
        """Return the loss of a change and its gradient.

        Parameters
        ----------
        change : ndarray of shape (C * F + C,)
            Of the weights in units of the filters, row by row, then of the bias.
        penalty : float
            Times the squared change of the weights.
        """
        C, F = self.logits.shape[1], self.standardised.shape[1]
        weights = change[: C * F].reshape(C, F).astype(self.standardised.dtype)
        bias = change[C * F :].astype(self.standardised.dtype)
        log_p = log_softmax(self.logits + self.standardised @ weights.T + bias, axis=1)
        rows = np.arange(len(self.labels))
        loss = -np.dot(self.sample_weight, log_p[rows, self.labels].astype(float))
        slope = np.exp(log_p)
        slope[rows, self.labels] -= 1
        slope *= self.sample_weight[:, None].astype(slope.dtype)
        gradient = np.concatenate([(slope.T @ self.standardised).ravel(), slope.sum(axis=0)])
        gradient = gradient.astype(float)
        squares = change[: C * F]
        gradient[: C * F] += 2 * penalty * squares
        return float(loss + penalty * np.dot(squares, squares)), gradient


def refits(
    fitted: FitSet, start: LinearHead, unit: np.ndarray, penalties: Sequence[float]
) -> dict[float, LinearHead]:
    """Return the head that fits best for each penalty, pulled towards ``start``.

    Parameters
    ----------
    fitted : FitSet
    start : LinearHead
        Towards which the weights are pulled.
    unit : ndarray of shape (F,)
        Standard deviation of each filter: changes count in its units.
    penalties : sequence of float
        Times the squared change of the weights in these units.
    """
    C, F = start.weights.shape
    mean = fitted.pooled.mean(axis=0)
    problem = Problem(
        ((fitted.pooled - mean) / unit).astype(np.float32),
        start.logits(fitted.pooled).astype(np.float32),
        fitted.labels,
        fitted.sample_weight / fitted.sample_weight.sum(),
    )
    change, heads = np.zeros(C * F + C), {}
    is_small = fitted.pooled.size * C < _ONE_THREAD
    for penalty in sorted(penalties, reverse=True):
        with threadpool_limits(1 if is_small else None):
            change = minimize(
                problem.loss_and_gradient,
                change,
                args=(penalty,),
                jac=True,
                method="L-BFGS-B",
                options={"maxiter": _MAX_ITERATIONS, "ftol": _TOLERANCE},
            ).x
        weights = change[: C * F].reshape(C, F) / unit
        bias = start.bias + change[C * F :] - weights @ mean
        heads[penalty] = LinearHead(start.weights + weights, bias)
    return heads
