"""Which images the network sees an attribute in: the paper's retrieval by explanation."""

from dataclasses import dataclass

import numpy as np

from core.contract import N_EXPLAIN
from core.run import Run


@dataclass(frozen=True)
class Ranking:
    """Images by falling score.

    Attributes
    ----------
    xs : ndarray of shape (n,), int
        Images.
    scores : ndarray of shape (n,)
        p(t given x, c), in [0, 1].
    """

    xs: np.ndarray
    scores: np.ndarray


def rank(run: Run, t: int, side: str = "predicted", within: int = N_EXPLAIN) -> Ranking:
    """Return the images whose explanation holds attribute t, by falling p(t given x, c).

    Parameters
    ----------
    run : Run
        The run.
    t : int
        Attribute.
    side : {"predicted", "true"}
        Which class c each image is explained as.
    within : int
        How many top attributes count as the explanation: 5 is the sentence, up to K looks further.
    """
    held = run.array(f"top_t_{side}")[:, :within] == t
    xs, columns = np.nonzero(held)
    scores = run.array(f"top_p_{side}")[xs, columns]
    order = np.argsort(-scores, kind="stable")
    return Ranking(xs[order], scores[order])
