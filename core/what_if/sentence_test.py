"""Is the sentence true of the network: whether removing what it names moves the prediction.

Removing the attributes that a sentence names takes a share of each filter (see
`core.what_if.ablation`). The claim is held against removing as much else:

- *random filters*: the same shares taken from filters drawn at random among those that fired;
- *same evidence*: the removed evidence for the class taken evenly from everything that speaks for
  it, so that only *which* evidence differs, not how much.

The prediction is measured in log-odds of the class, which do not saturate as probabilities do.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from core.runs.run import Run
from core.what_if.ablation import ablated_logits, filter_scale


def log_odds(logits: np.ndarray, c: int) -> np.ndarray:
    """Return log p(c) / (1 - p(c)) of logits (..., C), shape (...)."""
    return logits[..., c] - logsumexp(np.delete(logits, c, axis=-1), axis=-1)


@dataclass(frozen=True)
class Claim:
    """How far the log-odds of class c fall when the named attributes are removed.

    Parameters
    ----------
    fall : float
        By removing what the sentence names.
    random_falls : ndarray of shape (n,)
        By removing the same shares of random filters.
    evidence_fall : float
        By removing as much evidence for the class evenly.
    """

    fall: float
    random_falls: np.ndarray
    evidence_fall: float

    @property
    def p_value(self) -> float:
        """Share of random removals that move the prediction as far, in (0, 1]."""
        n_as_far = int((self.random_falls >= self.fall).sum())
        return (1 + n_as_far) / (1 + len(self.random_falls))

    @property
    def holds(self) -> bool:
        """Whether the named attributes matter more than as many random filters, at 5 %."""
        return self.fall > 0 and self.p_value <= 0.05

    def sentence(self) -> str:
        """Say in words whether the explanation passes."""
        random = float(np.mean(self.random_falls))
        verdict = (
            "The sentence names what moves the prediction"
            if self.holds
            else "The sentence does not name what moves the prediction"
        )
        return (
            f"{verdict}: without what it names the log-odds of the class fall by {self.fall:.2f}, "
            f"with as much taken from random filters by {random:.2f} on average (as far in "
            f"{self.p_value:.1%} of {len(self.random_falls)} draws), with as much evidence taken "
            f"evenly by {self.evidence_fall:.2f}."
        )


def check_claim(
    run: Run, x: int, c: int, ts: list[int], n_draws: int = 199, seed: int = 0
) -> Claim:
    """Return how the claim "x is c because of attributes ``ts``" stands up.

    Parameters
    ----------
    ts : list of int
        The attributes that the sentence names.
    n_draws : int
        Random removals to compare with.
    """
    pooled = np.asarray(run.array("pooled")[x], dtype=float)
    logits = np.asarray(run.array("logits")[x], dtype=float)
    class_weights = np.asarray(run.array("class_weights"), dtype=float)
    scale = filter_scale(run.array("p_t_given_f"), dict.fromkeys(ts, 0.0))
    before = log_odds(logits, c)

    def fall(scale):
        return float(before - log_odds(ablated_logits(logits, pooled, class_weights, scale), c))

    fired = np.flatnonzero(pooled > 0)
    rng = np.random.default_rng(seed)
    random_falls = []
    for _ in range(n_draws):
        shuffled = np.ones_like(scale)
        shuffled[fired] = rng.permutation(scale[fired])
        random_falls.append(fall(shuffled))
    positive = np.clip(pooled * class_weights[c], 0, None)
    total = positive.sum()
    evenly = np.where(positive > 0, positive @ scale / total if total > 0 else 1.0, 1.0)
    return Claim(fall(scale), np.array(random_falls), fall(evenly))
