"""How many sentences pass the sentence test, against names from permuted captions."""

import numpy as np
import pytest

from fieldmarks.core.experimental.sentence_test.scores import (
    EXCHANGED,
    score_sentence_test,
    share_that_passes,
)


def test_at_most_one_in_twenty_passes_when_an_estimate_from_exchanged_captions_takes_the_place():
    rng = np.random.default_rng(0)
    shares = [share_that_passes(rng.normal(2, 1, 40), rng.uniform(0.1, 0.3, 40)) for _ in range(50)]
    assert max(shares) <= 0.05


def test_the_score_of_names_that_mean_nothing_is_that_of_exchanged_names(run):
    measure, own = score_sentence_test(run, np.flatnonzero(run.is_test)), run.default_estimator
    passes, exchanged, difference = (
        measure.row(name).scores["passes"] for name in (own, EXCHANGED, f"{own} minus {EXCHANGED}")
    )
    assert 0 <= exchanged.value <= 5
    assert difference.value == pytest.approx(passes.value - exchanged.value)
    assert difference.low <= difference.value <= difference.high
