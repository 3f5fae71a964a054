"""The last layer fitted again on stored pooled activations, in seconds.

Multinomial logistic regression with a penalty that pulls the class weights towards those of the
network: a small change is preferred to a large one, and an infinite penalty changes nothing.
Refitting the last layer alone is enough where the features hold what is needed (Kirichenko,
Izmailov, Wilson, "Last Layer Re-Training is Sufficient for Robustness to Spurious Correlations",
2023).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

_MAX_ITERATIONS = 300


@dataclass(frozen=True)
class LinearHead:
    """Weights of shape (C, F) and bias of shape (C,) of a last layer."""

    weights: np.ndarray
    bias: np.ndarray

    def logits(self, pooled: np.ndarray) -> np.ndarray:
        """Return the class scores of pooled activations (n, F), shape (n, C)."""
        return pooled @ self.weights.T + self.bias


def loss_and_gradient(
    parameters: np.ndarray,
    pooled: np.ndarray,
    labels: np.ndarray,
    sample_weight: np.ndarray,
    start: LinearHead,
    unit: np.ndarray,
    penalty: float,
) -> tuple[float, np.ndarray]:
    """Return the penalised cross-entropy and its gradient.

    Parameters
    ----------
    parameters : ndarray of shape (C * F + C,)
        Weights, row by row, then bias.
    pooled : ndarray of shape (n, F)
    labels : ndarray of shape (n,)
    sample_weight : ndarray of shape (n,)
        Sums to 1.
    start : LinearHead
        Towards which the weights are pulled.
    unit : ndarray of shape (F,)
        Standard deviation of each filter: changes count in its units.
    penalty : float
        Times the squared change of the weights in these units.
    """
    C, F = start.weights.shape
    head = LinearHead(parameters[: C * F].reshape(C, F), parameters[C * F :])
    log_p = log_softmax(head.logits(pooled), axis=1)
    rows = np.arange(len(labels))
    change = (head.weights - start.weights) * unit
    loss = -(sample_weight * log_p[rows, labels]).sum() + penalty * (change**2).sum()
    slope = np.exp(log_p)
    slope[rows, labels] -= 1
    slope *= sample_weight[:, None]
    of_weights = slope.T @ pooled + 2 * penalty * change * unit
    return float(loss), np.concatenate([of_weights.ravel(), slope.sum(axis=0)])


def refit(
    pooled: np.ndarray,
    labels: np.ndarray,
    sample_weight: np.ndarray,
    start: LinearHead,
    unit: np.ndarray,
    penalty: float,
) -> LinearHead:
    """Return the head that fits best, pulled towards ``start``; see `loss_and_gradient`."""
    C, F = start.weights.shape
    best = minimize(
        loss_and_gradient,
        np.concatenate([start.weights.ravel(), start.bias]),
        args=(pooled, labels, sample_weight / sample_weight.sum(), start, unit, penalty),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _MAX_ITERATIONS},
    ).x
    return LinearHead(best[: C * F].reshape(C, F), best[C * F :])
