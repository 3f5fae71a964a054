"""Test of a sentence: whether the prediction depends on its attributes more than on wrong ones.

Ablating the attributes of a sentence removes a share of each filter (`core.explanations.ablation`)
and lowers the log-odds of the class, which do not saturate as probabilities do. Any sentence lowers
them, also one of names that mean nothing, so the fall is compared with what sentences of wrong
names reach: p(t given f) estimated again from captions permuted between classes (see
`core.estimators.significance`). Each such estimate names its own attributes of the image by the
same rule. Two p-values are taken, each the share of estimates with a value at least as large:

- of the *fall*, which also grows with the amount of evidence that a sentence names;
- of the fall *per evidence removed*, which compares equal amounts.

A sentence passes where both are at most 5 %. No more than 5 % of the sentences of permuted names
do so by construction, whatever the network. A run stores only the largest p(t given f) of each
filter for permuted captions; those of the captions themselves are cut off and rounded alike.

The test does not tell whether words are true of the image: a class whose filters have got the words
of another class is explained by these as consistently as by its own.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp

from fieldmarks.core.estimators.significance import largest_of_filters
from fieldmarks.core.explanations.attribute_ranking import top_attributes
from fieldmarks.core.explanations.never_together import never_together
from fieldmarks.core.head import LocalWeights, changed_logits
from fieldmarks.core.probability import p_f_given_xc
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.run import Run

MAX_P = 0.05


def log_odds(logits: np.ndarray, c: int) -> np.ndarray:
    """Return log p(c) / (1 - p(c)) of logits (..., C), shape (...)."""
    return logits[..., c] - logsumexp(np.delete(logits, c, axis=-1), axis=-1)


@dataclass(frozen=True)
class Claim:
    """Fall of the log-odds of class c when the named attributes are ablated.

    Parameters
    ----------
    fall : float
        By ablating the attributes of the sentence.
    removed : float
        Share of the evidence for the class that this removes, in [0, 1].
    null_falls, null_removed : ndarray of shape (S,)
        The same of the sentences of permuted names.
    """

    fall: float
    removed: float
    null_falls: np.ndarray
    null_removed: np.ndarray

    @property
    def n_as_large(self) -> int:
        """Estimates from permuted captions with at least the same fall."""
        return int((self.null_falls >= self.fall).sum())

    @property
    def n_as_large_by_evidence(self) -> int:
        """Estimates from permuted captions with at least the same fall per evidence removed."""
        fall = _per_evidence(self.fall, self.removed)
        return int((_per_evidence(self.null_falls, self.null_removed) >= fall).sum())

    @property
    def p_value(self) -> float:
        """The larger of the two p-values, in (0, 1]."""
        n_as_large = max(self.n_as_large, self.n_as_large_by_evidence)
        return (1 + n_as_large) / (1 + len(self.null_falls))

    @property
    def holds(self) -> bool:
        """Whether the prediction depends on the sentence more than on those of wrong names."""
        return self.fall > 0 and self.p_value <= MAX_P

    def sentence(self) -> str:
        """Return the result of the test in words."""
        verdict = "more than on" if self.holds else "no more than on"
        n = len(self.null_falls)
        return (
            f"The prediction depends on the attributes of the sentence {verdict} those of wrong "
            f"names: without them the log-odds of the class fall by {self.fall:.2f}. Of {n} "
            f"sentences by names from captions permuted between classes, {self.n_as_large} "
            f"lower them as much, {self.n_as_large_by_evidence} for the same amount of evidence "
            f"removed (p = {self.p_value:.2f})."
        )


def _per_evidence(fall, removed):
    return np.asarray(fall) / np.maximum(removed, 1e-9)


class SentenceTest:
    """The test for the images of a run.

    Parameters
    ----------
    run : Run
        With ``null_t`` and ``null_p``.

    Raises
    ------
    MissingRunError
        If the run was computed before they were stored.
    """

    def __init__(self, run: Run):
        self.run = run
        t, p = run.array("null_t"), run.array("null_p")
        own_t, own_p = largest_of_filters(run.array("p_t_given_f"), t.shape[2])
        self._t = np.concatenate([own_t[None], t])  # the run's own estimate first
        self._p = np.concatenate([own_p[None], p])
        self._head = replace(run.head, weights=np.asarray(run.head.weights, dtype=float))

    def falls(self, x: int, c: int, ts: list[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the fall of the log-odds, and the share of evidence removed, shape (1 + S,) each.

        Of the run's own estimate first, then of each from permuted captions.

        Parameters
        ----------
        x, c : int
            The image, and the class that it is explained as.
        ts : list of int, optional
            What the sentence of the run's own estimate names; by the rule of sentences otherwise.
        """
        run, T = self.run, self.run.sizes["T"]
        pooled = np.asarray(run.array("pooled")[x], dtype=float)
        logits = np.asarray(run.array("logits")[x], dtype=float)
        weights, local = np.asarray(run.weights(x, c), dtype=float), run.local_weights(x)
        p_f = p_f_given_xc(pooled, weights)
        p_t = np.stack(
            [
                np.bincount(t.ravel(), (p_f[:, None] * p).ravel(), T)
                for t, p in zip(self._t, self._p, strict=True)
            ]
        )
        top = top_attributes(p_t, run.attributes, min(N_EXPLAIN, T), never_together(run))
        evidence = np.clip(pooled * weights, 0, None)
        before, total = log_odds(logits, c), evidence.sum()
        share = np.empty((len(top), len(pooled)))
        for i, named in enumerate(top):
            is_named = np.zeros(T, bool)
            is_named[named[named >= 0] if ts is None or i else ts] = True
            share[i] = np.where(is_named[self._t[i]], self._p[i], 0).sum(axis=1, dtype=float)
        scale = np.maximum(1 - share, 0)
        if local is not None:
            local = LocalWeights(
                *(np.stack([a] * len(top)) for a in (local.classes, local.weights))
            )
        every = np.broadcast_to(logits, (len(top), len(logits)))
        after = changed_logits(self._head, every, pooled, scale, local)
        removed = (1 - scale) @ evidence / total if total > 0 else np.zeros(len(top))
        falls = before - log_odds(after, c)
        return falls, removed

    def claim(self, x: int, c: int, ts: list[int] | None = None) -> Claim:
        """Test the claim "x is c because of attributes ``ts``"."""
        falls, removed = self.falls(x, c, ts)
        return Claim(float(falls[0]), float(removed[0]), falls[1:], removed[1:])
