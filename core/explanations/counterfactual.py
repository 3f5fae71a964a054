"""Counterfactual explanation: the smallest change that turns the prediction into another class.

Units are attributes or filters. With a linear head unit u contributes ``evidence[u, c]`` to the
logit of c, and removing or doubling it changes the margin of the wanted class over class c by
``evidence[u, wanted] - evidence[u, c]``, independently of other changes. For two classes, choosing
the largest changes first gives the smallest set. For more classes it is a covering problem: the
greedy solution is compared with a lower bound and reported as the smallest only where both agree.
"""

from dataclasses import dataclass

import numpy as np

from fieldmarks.core.explanations.ablation import filter_scale, scale_of
from fieldmarks.core.head import LINEAR, changed_logits
from fieldmarks.core.run.run import Run

_MARGIN = 1e-4  # logits: more than rounding errors


@dataclass(frozen=True)
class Counterfactual:
    """Units to remove or double so that the prediction becomes ``c``.

    Parameters
    ----------
    c : int
        The wanted class.
    factors : dict of unit to factor
        0 removed, 2 doubled; by descending effect. Empty where c is the prediction already.
    n_least : int
        Lower bound on the number of units.
    succeeds : bool
        Whether c is the prediction after the change; False if the limit was reached first.
    """

    c: int
    factors: dict[int, float]
    n_least: int
    succeeds: bool

    @property
    def is_smallest(self) -> bool:
        """Whether it is certain that no smaller change exists."""
        return self.succeeds and len(self.factors) == self.n_least


def attribute_evidence(
    pooled: np.ndarray, class_weights: np.ndarray, p_t_given_f: np.ndarray
) -> np.ndarray:
    """Return each attribute's contribution to each logit, (T, C); sums to logit - bias over T.

    Parameters
    ----------
    pooled : ndarray of shape (F,)
    class_weights : ndarray of shape (C, F)
    p_t_given_f : ndarray of shape (F, T)
    """
    return ((class_weights * pooled) @ p_t_given_f).T


def smallest_change(
    evidence: np.ndarray, logits: np.ndarray, wanted: int, *, doubling: bool = True, limit: int = 20
) -> Counterfactual:
    """Return the smallest change of units, by greedy search, that makes ``wanted`` the prediction.

    Parameters
    ----------
    evidence : ndarray of shape (U, C)
        Contribution of each unit to each logit.
    logits : ndarray of shape (C,)
        Logits of the network.
    wanted : int
        The class to be predicted.
    doubling : bool
        Whether units may be doubled, or only removed.
    limit : int
        Maximum number of units to change.
    """
    lead = logits[wanted] - np.delete(logits, wanted).astype(float) - _MARGIN
    moves = evidence[:, [wanted]] - np.delete(evidence, wanted, axis=1).astype(float)
    steps = np.concatenate([-moves, moves]) if doubling else -moves
    n_least = max(
        (_fewest(steps[:, k], -lead[k], limit, len(moves)) for k in np.flatnonzero(lead < 0)),
        default=0,
    )
    factors: dict[int, float] = {}
    while lead.min() < 0 and len(factors) < min(limit, len(moves)):
        shortfall = np.maximum(0, -(lead + steps)).sum(axis=1)
        best = int(shortfall.argmin())
        if shortfall[best] >= np.maximum(0, -lead).sum():
            break
        lead = lead + steps[best]
        unit = best % len(moves)
        factors[unit] = 0.0 if best < len(moves) else 2.0
        steps[unit :: len(moves)] = 0
    return Counterfactual(wanted, factors, n_least, bool(lead.min() >= 0))


def _fewest(steps: np.ndarray, needed: float, limit: int, n_units: int) -> int:
    """Return how many of the largest steps reach ``needed``; limit + 1 if none do."""
    best = steps.reshape(-1, n_units).max(axis=0).clip(0)
    reached = np.cumsum(np.sort(best)[::-1][:limit])
    return 1 + int(np.searchsorted(reached, needed))


def smallest_attribute_change(run: Run, x: int, wanted: int, n_rivals: int = 10) -> Counterfactual:
    """Return the smallest change of attributes that makes ``wanted`` the prediction for image x.

    The search considers only the ``n_rivals`` classes with the highest logits; the result is then
    checked against all classes.
    """
    p_t_given_f = run.array("p_t_given_f")

    def evidence(pooled, class_weights):
        return attribute_evidence(pooled, class_weights, p_t_given_f)

    def scale(factors):
        return filter_scale(p_t_given_f, attributes=factors)

    return _checked(run, x, wanted, n_rivals, evidence, scale, doubling=True)


def smallest_filter_change(run: Run, x: int, wanted: int, n_rivals: int = 10) -> Counterfactual:
    """Return the fewest filters to remove so that ``wanted`` is the prediction for image x."""

    def evidence(pooled, class_weights):
        return (class_weights * pooled).T

    def scale(factors):
        return scale_of(run, filters=factors)

    return _checked(run, x, wanted, n_rivals, evidence, scale, doubling=False)


def _checked(run, x, wanted, n_rivals, evidence, scale, *, doubling) -> Counterfactual:
    """Search among the classes with the highest logits, then check against all classes."""
    pooled = np.asarray(run.array("pooled")[x], dtype=float)
    logits = np.asarray(run.array("logits")[x], dtype=float)
    rivals = np.union1d(np.argsort(-logits)[:n_rivals], [wanted])
    change = smallest_change(
        evidence(pooled, run.weights(x, rivals)),
        logits[rivals],
        int(np.searchsorted(rivals, wanted)),
        doubling=doubling,
    )
    after = changed_logits(run.head, logits, pooled, scale(change.factors), run.local_weights(x))
    succeeds = change.succeeds and int(after.argmax()) == wanted
    # the lower bound holds only where contributions add up
    n_least = change.n_least if run.head.kind == LINEAR else min(change.n_least, 1)
    return Counterfactual(wanted, change.factors, n_least, succeeds)
