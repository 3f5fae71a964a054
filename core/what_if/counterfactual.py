"""The smallest change that turns an answer into another class.

Units are attributes or filters. The head is linear, so unit u adds its own part ``evidence[u, c]``
to the logit of c, and removing or doubling it moves the lead of the wanted class over class c by
``evidence[u, wanted] - evidence[u, c]``, whatever else is changed. Against a single rival, taking
the largest moves first is therefore the smallest change. Against all rivals at once it is a
covering problem; the greedy answer is compared with a lower bound, and said to be the smallest only
where the two agree.
"""

from dataclasses import dataclass

import numpy as np

from core.runs.run import Run
from core.what_if.ablation import ablated_logits, filter_scale

_MARGIN = 1e-4  # logits: the answer must win visibly, not by rounding


@dataclass(frozen=True)
class Change:
    """Which units to remove or double so that the answer becomes ``c``.

    Parameters
    ----------
    c : int
        The wanted class.
    factors : dict of unit to factor
        0 removed, 2 doubled; in the order of their effect. Empty where c is the answer already.
    n_least : int
        No change of fewer units can do it.
    succeeds : bool
        Whether c is the answer after the change; False if the limit was reached first.
    """

    c: int
    factors: dict[int, float]
    n_least: int
    succeeds: bool

    @property
    def is_smallest(self) -> bool:
        """Whether it is proven that no smaller change exists."""
        return self.succeeds and len(self.factors) == self.n_least


def attribute_evidence(
    pooled: np.ndarray, class_weights: np.ndarray, p_t_given_f: np.ndarray
) -> np.ndarray:
    """Return each attribute's part of each logit, shape (T, C); sums to logit - bias over T.

    Parameters
    ----------
    pooled : ndarray of shape (F,)
    class_weights : ndarray of shape (C, F)
    p_t_given_f : ndarray of shape (F, T)
    """
    return ((class_weights * pooled) @ p_t_given_f).T


def smallest_change(
    evidence: np.ndarray, logits: np.ndarray, wanted: int, *, doubling: bool = True, limit: int = 20
) -> Change:
    """Return the greedy smallest change of units that makes ``wanted`` the answer.

    Parameters
    ----------
    evidence : ndarray of shape (U, C)
        Part of each logit that each unit adds.
    logits : ndarray of shape (C,)
        As the network gave them.
    wanted : int
        The class that should win.
    doubling : bool
        Whether a unit may be doubled, or only removed.
    limit : int
        Units to change at most; a longer list explains nothing.
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
    return Change(wanted, factors, n_least, bool(lead.min() >= 0))


def _fewest(steps: np.ndarray, needed: float, limit: int, n_units: int) -> int:
    """Return how many of one rival's largest steps reach ``needed``; limit + 1 if none do."""
    best = steps.reshape(-1, n_units).max(axis=0).clip(0)
    reached = np.cumsum(np.sort(best)[::-1][:limit])
    return 1 + int(np.searchsorted(reached, needed))


def smallest_attribute_change(run: Run, x: int, wanted: int, n_rivals: int = 10) -> Change:
    """Return the smallest change of attributes that makes ``wanted`` the answer for image x.

    Only the ``n_rivals`` strongest classes are weighed while searching; the result is then checked
    against all classes.
    """
    p_t_given_f = run.array("p_t_given_f")

    def evidence(pooled, class_weights):
        return attribute_evidence(pooled, class_weights, p_t_given_f)

    def scale(factors):
        return filter_scale(p_t_given_f, attributes=factors)

    return _checked(run, x, wanted, n_rivals, evidence, scale, doubling=True)


def smallest_filter_change(run: Run, x: int, wanted: int, n_rivals: int = 10) -> Change:
    """Return the fewest filters to switch off so that ``wanted`` is the answer for image x."""

    def evidence(pooled, class_weights):
        return (class_weights * pooled).T

    def scale(factors):
        return filter_scale(run.array("p_t_given_f"), filters=factors)

    return _checked(run, x, wanted, n_rivals, evidence, scale, doubling=False)


def _checked(run, x, wanted, n_rivals, evidence, scale, *, doubling) -> Change:
    """Search among the strongest rivals, then say whether it holds against all classes."""
    pooled = np.asarray(run.array("pooled")[x], dtype=float)
    logits = np.asarray(run.array("logits")[x], dtype=float)
    class_weights = run.array("class_weights")
    rivals = np.union1d(np.argsort(-logits)[:n_rivals], [wanted])
    found = smallest_change(
        evidence(pooled, class_weights[rivals]),
        logits[rivals],
        int(np.searchsorted(rivals, wanted)),
        doubling=doubling,
    )
    after = ablated_logits(logits, pooled, class_weights, scale(found.factors))
    succeeds = found.succeeds and int(after.argmax()) == wanted
    return Change(wanted, found.factors, found.n_least, succeeds)
