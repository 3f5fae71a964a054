"""How many sentences pass the sentence test, beside those of names from permuted captions.

The control takes the place of the run's own estimate: each estimate from permuted captions is
tested against the others, as if it were the one of the run. See `claims`.
"""

import numpy as np

from fieldmarks.core.bootstrap import Resamples, ratio
from fieldmarks.core.experimental.sentence_test.claims import Claim, SentenceTest, permuted_names
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.result import Measure

#: Images that are tested, sampled at random.
N_IMAGES = 200
#: Name of the control.
EXCHANGED = "permuted captions"


def score_sentence_test(run: Run, xs: np.ndarray, seed: int = 0) -> Measure:
    """Return the share of sentences that pass, in percent.

    Parameters
    ----------
    run : Run
    xs : ndarray of shape (n,)
        Test images; each is explained as its predicted class.
    seed : int
        Of permutations, sample and resamples.

    Returns
    -------
    Measure
        Rows of the default estimator and of `EXCHANGED`, and their difference. Columns: ``passes``,
        the share of sentences that pass in percent, and ``fall``, the mean fall of the log-odds.
    """
    test = SentenceTest(run, permuted_names(run, seed))
    n = min(len(xs), N_IMAGES)
    xs = np.sort(np.random.default_rng(seed).choice(xs, n, replace=False))
    predicted_c, true_c = (run.images[c].to_numpy() for c in ("predicted_c", "true_c"))
    passes, exchanged, fall, null_fall = (np.empty(n) for _ in range(4))
    for i, x in enumerate(xs):
        falls, removed = test.falls(int(x), int(predicted_c[x]))
        passes[i] = Claim(falls[0], removed[0], falls[1:], removed[1:]).holds
        exchanged[i] = share_that_passes(falls[1:], removed[1:])
        fall[i], null_fall[i] = falls[0], falls[1:].mean()
    drawn = Resamples(n, seed=seed, group=true_c[xs])
    one = np.ones(n)
    rows = {
        name: {"passes": ratio(share, one, drawn, unit=100), "fall": ratio(of, one, drawn)}
        for name, share, of in (
            (run.default_estimator, passes, fall),
            (EXCHANGED, exchanged, null_fall),
        )
    }
    return Measure.of(rows, [EXCHANGED], [(run.default_estimator, EXCHANGED)])


def share_that_passes(falls: np.ndarray, removed: np.ndarray) -> float:
    """Return the share of estimates that pass when each is tested against the others."""
    others = ~np.eye(len(falls), dtype=bool)
    return float(
        np.mean(
            [
                Claim(falls[j], removed[j], falls[other], removed[other]).holds
                for j, other in enumerate(others)
            ]
        )
    )
