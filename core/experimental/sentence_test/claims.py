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
do so by construction, whatever the network. Only the largest p(t given f) of each filter are kept,
of the run's own estimate and of those from permuted captions alike.

The test does not tell whether words are true of the image: a class whose filters have got the words
of another class is explained by these as consistently as by its own.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp

from fieldmarks.core.batching import blocks, in_threads
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.estimators.significance import null_of
from fieldmarks.core.explanations.attribute_ranking import top_attributes
from fieldmarks.core.explanations.never_together import never_together
from fieldmarks.core.head import LocalWeights, changed_logits
from fieldmarks.core.probability import p_f_given_xc
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.run import Run

MAX_P = 0.05
#: Attributes of each filter that are kept of an estimate.
N_LARGEST = 32
#: Filters that are processed at a time.
_FILTERS = 32


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


def _per_evidence(fall, removed):
    return np.asarray(fall) / np.maximum(removed, 1e-9)


def largest_of_filters(
    p_t_given_f: np.ndarray, n: int = N_LARGEST
) -> tuple[np.ndarray, np.ndarray]:
    """Return the n largest p(t given f) of each filter: t, int32, and p, float16, (F, n) each.

    >>> t, p = largest_of_filters(np.array([[0.25, 0.5, 0.125, 0.125]]), 2)
    >>> t.tolist(), p.tolist()
    ([[1, 0]], [[0.5, 0.25]])
    """
    T = p_t_given_f.shape[1]
    n = min(n, T)

    def largest(fs: slice) -> tuple[np.ndarray, np.ndarray]:
        p = np.asarray(p_t_given_f[fs])
        t = np.argpartition(p, T - n, axis=1)[:, T - n :]
        order = np.argsort(-np.take_along_axis(p, t, axis=1), axis=1, kind="stable")
        t = np.take_along_axis(t, order, axis=1)
        return t.astype(np.int32), np.take_along_axis(p, t, axis=1).astype(np.float16)

    parts = in_threads(largest, blocks(len(p_t_given_f), _FILTERS))
    return np.concatenate([t for t, _ in parts]), np.concatenate([p for _, p in parts])


def permuted_names(run: Run, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest p(t given f) of estimates from permuted captions.

    Returns
    -------
    t, p : ndarray of shape (S, F, n)
        Of S permutations: attributes, int32, and their p(t given f), float16.
    """
    largest: list[tuple[np.ndarray, np.ndarray]] = []
    null_of(
        run.default_estimator,
        inputs_of(run),
        seed,
        look=lambda i, p_t_given_f: largest.append(largest_of_filters(p_t_given_f)),
    )
    return np.stack([t for t, _ in largest]), np.stack([p for _, p in largest])


class SentenceTest:
    """The test for the images of a run.

    Parameters
    ----------
    run : Run
    permuted : tuple of ndarray
        As `permuted_names` returns them.
    """

    def __init__(self, run: Run, permuted: tuple[np.ndarray, np.ndarray]):
        self.run = run
        own_t, own_p = largest_of_filters(run.array("p_t_given_f"), permuted[0].shape[2])
        self._t = np.concatenate([own_t[None], permuted[0]])  # the run's own estimate first
        self._p = np.concatenate([own_p[None], permuted[1]])
        self._head = replace(run.head, weights=np.asarray(run.head.weights, dtype=float))

    def falls(self, x: int, c: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the fall of the log-odds, and the share of evidence removed, shape (1 + S,) each.

        Of the run's own estimate first, then of each from permuted captions.

        Parameters
        ----------
        x, c : int
            The image, and the class that it is explained as.
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
            is_named[named[named >= 0]] = True
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
