"""Randomisation test of a sentence: whether ablating its attributes lowers the prediction.

Ablating the attributes of a sentence removes a share of each filter (see `core.what_if.ablation`).
The effect is compared with two controls:

- *random filters*: the same shares removed from a random permutation of the active filters;
- *same evidence*: the same amount of evidence for the class removed in proportion from all
  evidence for the class, so that only the selection differs and not the amount.

The prediction is measured in log-odds of the class, which do not saturate as probabilities do.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp

from core.head import changed_logits
from core.runs.run import Run
from core.what_if.ablation import filter_scale


def log_odds(logits: np.ndarray, c: int) -> np.ndarray:
    """Return log p(c) / (1 - p(c)) of logits (..., C), shape (...)."""
    return logits[..., c] - logsumexp(np.delete(logits, c, axis=-1), axis=-1)


@dataclass(frozen=True)
class Claim:
    """Drop of the log-odds of class c when the named attributes are ablated.

    Parameters
    ----------
    drop : float
        By ablating the attributes of the sentence.
    random_drops : ndarray of shape (n,)
        By removing the same shares of random filters.
    evidence_drop : float
        By removing the same amount of evidence in proportion.
    """

    drop: float
    random_drops: np.ndarray
    evidence_drop: float

    @property
    def p_value(self) -> float:
        """Share of random removals with at least the same drop, in (0, 1]."""
        n_as_large = int((self.random_drops >= self.drop).sum())
        return (1 + n_as_large) / (1 + len(self.random_drops))

    @property
    def holds(self) -> bool:
        """Whether the named attributes matter more than random filters, at the 5 % level."""
        return self.drop > 0 and self.p_value <= 0.05

    def sentence(self) -> str:
        """Return the result of the test in words."""
        random = float(np.mean(self.random_drops))
        verdict = (
            "The attributes of the sentence affect the prediction"
            if self.holds
            else "The attributes of the sentence do not affect the prediction"
        )
        return (
            f"{verdict}: without them the log-odds of the class drop by {self.drop:.2f}, "
            f"with the same shares removed from random filters by {random:.2f} on average (as "
            f"large in {self.p_value:.1%} of {len(self.random_drops)} draws), with the same amount "
            f"of evidence removed in proportion by {self.evidence_drop:.2f}."
        )


def check_claim(
    run: Run, x: int, c: int, ts: list[int], n_draws: int = 199, seed: int = 0
) -> Claim:
    """Test the claim "x is c because of attributes ``ts``".

    Parameters
    ----------
    ts : list of int
        The attributes that the sentence names.
    n_draws : int
        Number of random removals.
    """
    pooled = np.asarray(run.array("pooled")[x], dtype=float)
    logits = np.asarray(run.array("logits")[x], dtype=float)
    weights = np.asarray(run.weights(x, c), dtype=float)
    head = replace(run.head, weights=np.asarray(run.head.weights, dtype=float))
    local = run.local_weights(x)
    scale = filter_scale(run.array("p_t_given_f"), dict.fromkeys(ts, 0.0))
    before = log_odds(logits, c)

    def drop(scale):
        return float(before - log_odds(changed_logits(head, logits, pooled, scale, local), c))

    active = np.flatnonzero(pooled > 0)
    rng = np.random.default_rng(seed)
    random_drops = []
    for _ in range(n_draws):
        permuted = np.ones_like(scale)
        permuted[active] = rng.permutation(scale[active])
        random_drops.append(drop(permuted))
    positive = np.clip(pooled * weights, 0, None)
    total = positive.sum()
    evenly = np.where(positive > 0, positive @ scale / total if total > 0 else 1.0, 1.0)
    return Claim(drop(scale), np.array(random_drops), drop(evenly))
