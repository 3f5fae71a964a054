"""The convex problem of a refit, in coordinates in which few steps solve it.

The penalised cross-entropy of a change of the last layer has one minimum, which every sound method
finds. What costs is the number of products of all activations with all class weights. In the units
of the filters, along the principal axes of the activations, the Hessian of a class is nearly

    (mean of p (1 - p)) times the variance along the axis, plus twice the penalty,

on the diagonal, and small beside it. Divided by the root of this, coordinates are round: conjugate
gradients need about ten products for a Newton step, and about seven such steps are enough. The
squared length of the gradient in them is about twice what the loss is above its minimum, which is
what a fit ends by. Axes along which the penalty outweighs the curvature by far are left to this
diagonal in the Hessian, never in the gradient: the minimum is the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from fieldmarks.core.batching import blocks
from fieldmarks.core.repair.fit_set import FitSet

#: How much the loss may be above its minimum, as a share of it, when a fit ends.
TOLERANCE = 2e-6
#: Losses below this count as this: sums in single precision hold no more.
_LEAST_LOSS = 0.01
#: How far conjugate gradients go for a Newton step, as a share of the gradient, at a fit's end.
_FORCING = 0.1
#: Steps of Newton's method after which coordinates are scaled again, and how often at most.
_MAX_STEPS, _MAX_ROUNDS = 10, 6
#: First and longest step of Newton's method; lengths are roots of losses.
_RADIUS, _MAX_RADIUS = 1.0, 1e6
#: Curvature beside the penalty below which an axis keeps the diagonal alone.
_NEGLIGIBLE = 0.01
#: Least mean of p (1 - p): of a class that no image may have.
_LEAST_CURVATURE = 1e-6
#: Variance in units of the filter, below which there is none.
_DEAD = 1e-12


@dataclass(frozen=True)
class Problem:
    """The cross-entropy of a change of the head, along the principal axes.

    A change has shape (C, F + 1): of the weights along the axes, then of the bias.

    Attributes
    ----------
    fitted : FitSet
    rows : ndarray of shape (m, F)
        Rows of activations at mean 0, in units of the filters, along the axes, single precision.
    logits : ndarray of shape (n, C)
        Of the head that is changed.
    share : ndarray of shape (n, 1)
        Weights of the images, which sum to 1.
    mean, unit : ndarray of shape (F,)
        Of each filter; the unit of one that never varies is infinite.
    axes : ndarray of shape (F, F)
        A column for each principal axis, that of the largest variance first.
    variance : ndarray of shape (F + 1,)
        Along each axis, and 1 for the bias.
    """

    fitted: FitSet
    rows: np.ndarray
    logits: np.ndarray
    share: np.ndarray
    mean: np.ndarray
    unit: np.ndarray
    axes: np.ndarray
    variance: np.ndarray

    @classmethod
    def of(cls, fitted: FitSet, logits: np.ndarray, unit: np.ndarray) -> "Problem":
        """Return the problem of images whose head has these logits.

        Parameters
        ----------
        fitted : FitSet
        logits : ndarray of shape (n, C)
            Of the images, by the head that is changed.
        unit : ndarray of shape (F,)
            In which changes count.
        """
        exact = fitted.sample_weight / fitted.sample_weight.sum()
        mean, share = fitted.of_rows(exact) @ fitted.pooled, exact.astype(np.float32)
        rows = np.empty(fitted.pooled.shape, np.float32)
        for block in blocks(len(rows)):
            rows[block] = (fitted.pooled[block] - mean) / unit
        if fitted.mixing is None:
            weighted = rows * share[:, None]
        else:
            weighted = (fitted.mixing.T @ (fitted.mixing * share[:, None])).tocsr() @ rows
        gram = rows.T @ weighted
        # a filter that never varies has no share in any minimum, and none by rounding
        unit = np.where(gram.diagonal() > _DEAD, unit, np.inf)
        variance, axes = np.linalg.eigh(gram)
        variance = np.append(np.maximum(variance[::-1], 0), 1).astype(float)
        axes = np.ascontiguousarray(axes[:, ::-1])
        logits = logits.astype(np.float32)
        return cls(fitted, rows @ axes, logits, share[:, None], mean, unit, axes, variance)

    def weights_and_bias(self, change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the change of weights (C, F) and bias (C,) of one along the axes."""
        weights = (change[:, :-1] @ self.axes.T) / self.unit
        return weights, change[:, -1] - weights @ self.mean

    def scores(self, change: np.ndarray, n_axes: int | None = None) -> np.ndarray:
        """Return what a change adds to the logits, along the first axes, shape (n, C)."""
        weights = change[:, :-1][:, :n_axes].astype(np.float32)
        of_rows = self.rows[:, :n_axes] @ weights.T
        return self.fitted.of_images(of_rows) + change[:, -1].astype(np.float32)

    def slope(self, of_images: np.ndarray, n_axes: int | None = None) -> np.ndarray:
        """Return the transpose of `scores` for values (n, C), shape (C, axes + 1)."""
        along = self.fitted.of_rows(of_images).T @ self.rows[:, :n_axes]
        return np.column_stack([along, of_images.sum(axis=0)]).astype(float)

    def probabilities(self, change: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the class probabilities after a change, shape (n, C), and the cross-entropy."""
        p = self.scores(change)
        p += self.logits
        p -= p.max(axis=1, keepdims=True)
        of_label = p[np.arange(len(p)), self.fitted.labels].astype(float)
        np.exp(p, out=p)
        total = p.sum(axis=1, keepdims=True)
        p /= total
        lost = np.log(total[:, 0].astype(float)) - of_label
        return p, float(np.dot(self.share[:, 0], lost))

    def minimum(
        self, penalty: float, begin: np.ndarray, after_step: Callable[[], None] = lambda: None
    ) -> np.ndarray:
        """Return the change of least loss, by Newton's method from another change.

        Parameters
        ----------
        penalty : float
            Times the squared change of the weights.
        begin : ndarray of shape (C, F + 1)
        after_step : callable, optional
            Called after each step of Newton's method; what it raises ends the fit.

        Returns
        -------
        ndarray of shape (C, F + 1)
        """
        change = begin
        for _ in range(_MAX_ROUNDS):
            scaled = self._scaled(penalty, change)
            end = minimize(
                scaled.loss_and_gradient,
                (change / scaled.scale).ravel(),
                jac=True,
                hessp=scaled.hessian_times,
                method="trust-ncg",
                callback=lambda at: after_step(),
                options={
                    "gtol": _FORCING**2,
                    "maxiter": _MAX_STEPS,
                    "initial_trust_radius": _RADIUS,
                    "max_trust_radius": _MAX_RADIUS,
                },
            )
            change = end.x.reshape(change.shape) * scaled.scale
            if end.success:
                break
        return change

    def _scaled(self, penalty: float, change: np.ndarray) -> "Scaled":
        """Return the problem in coordinates that suit the curvature at a change.

        Where images are surely wrong, the curvature is small, and grows as they become right: each
        class has at least its part of what is wrong.
        """
        p, loss = self.probabilities(change)
        curvature = (self.share * p * (1 - p)).sum(axis=0)
        wrong = 1 - p[np.arange(len(p)), self.fitted.labels]
        to_come = float(np.dot(self.share[:, 0], wrong)) / (2 * len(curvature))
        curvature = np.maximum(curvature, to_come + _LEAST_CURVATURE)
        diagonal = curvature[:, None] * self.variance
        diagonal[:, :-1] += 2 * penalty
        is_exact = curvature.mean() * self.variance[:-1] > _NEGLIGIBLE * 2 * penalty
        loss += penalty * float(np.vdot(change[:, :-1], change[:, :-1]))
        wanted = np.sqrt(2 * TOLERANCE * max(loss, _LEAST_LOSS))
        return Scaled(
            self, penalty, 1 / np.sqrt(diagonal), int(is_exact.sum()), wanted / _FORCING**2
        )


class Scaled:
    """A problem with a penalty, in coordinates in which its Hessian is nearly 1.

    Parameters
    ----------
    problem : Problem
    penalty : float
    scale : ndarray of shape (C, F + 1)
        Of each coordinate.
    n_exact : int
        Axes whose curvature is exact in products with the Hessian.
    loss_unit : float
        In which losses are counted. The method's conjugate gradients end where the gradient has
        fallen to the root of its length, so that the unit says how far they go.
    """

    def __init__(
        self, problem: Problem, penalty: float, scale: np.ndarray, n_exact: int, loss_unit: float
    ):
        self.problem, self.penalty, self.scale = problem, penalty, scale
        self.n_exact, self.loss_unit = n_exact, loss_unit
        self._at: tuple[np.ndarray, np.ndarray] | None = None

    def loss_and_gradient(self, at: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the penalised loss and its gradient, both in the scaled coordinates."""
        problem, change = self.problem, at.reshape(self.scale.shape) * self.scale
        p, loss = problem.probabilities(change)
        self._at = at.copy(), p
        wrong = p * problem.share
        wrong[np.arange(len(p)), problem.fitted.labels] -= problem.share[:, 0]
        gradient = problem.slope(wrong)
        weights = change[:, :-1]
        gradient[:, :-1] += 2 * self.penalty * weights
        gradient *= self.scale
        loss += self.penalty * float(np.vdot(weights, weights))
        return loss / self.loss_unit, gradient.ravel() / self.loss_unit

    def hessian_times(self, at: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """Return the product of the Hessian with a direction, in the scaled coordinates."""
        k, scale = self.n_exact, self.scale
        p = self._probabilities(at)
        product = direction.reshape(scale.shape).copy()
        step = product * scale
        along = self.problem.scores(step, k)
        along *= p
        along -= p * along.sum(axis=1, keepdims=True)
        along *= self.problem.share
        slope = self.problem.slope(along, k)
        slope[:, :-1] += 2 * self.penalty * step[:, :k]
        product[:, :k] = slope[:, :-1] * scale[:, :k]
        product[:, -1] = slope[:, -1] * scale[:, -1]
        return product.ravel() / self.loss_unit

    def _probabilities(self, at: np.ndarray) -> np.ndarray:
        if self._at is None or not np.array_equal(self._at[0], at):
            p, _ = self.problem.probabilities(at.reshape(self.scale.shape) * self.scale)
            self._at = at.copy(), p
        return self._at[1]
