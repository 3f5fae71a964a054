"""The sentence test of one image, against names from permuted captions."""

import numpy as np
import pytest

from fieldmarks.core.experimental.sentence_test.claims import (
    N_LARGEST,
    Claim,
    SentenceTest,
    largest_of_filters,
    log_odds,
)
from fieldmarks.core.explanations.ablation import filter_scale
from fieldmarks.core.probability import p_t_given_xc, sigma


def test_the_fall_is_that_of_the_what_if_with_p_d_f_s_cut_off(run):
    x, c, T = 3, int(run.images["predicted_c"][3]), run.sizes["T"]
    rng = np.random.default_rng(0)
    drawn = [
        largest_of_filters(sigma(rng.uniform(size=(run.sizes["F"], T)) ** 4)) for _ in range(4)
    ]
    permuted = np.stack([t for t, _ in drawn]), np.stack([p for _, p in drawn])
    falls, removed = SentenceTest(run, permuted).falls(x, c)
    pooled, weights = run.array("pooled")[x].astype(float), run.array("class_weights").astype(float)
    logits = run.array("logits")[x].astype(float)
    evidence = np.clip(pooled * weights[c], 0, None)
    first = largest_of_filters(run.array("p_t_given_f"), N_LARGEST)
    nulls = list(zip(*permuted, strict=True))
    for i, (t, p) in enumerate([first, *nulls[:3]]):
        full = np.zeros((run.sizes["F"], T))
        np.put_along_axis(full, t, p.astype(float), axis=1)
        named = np.argsort(-p_t_given_xc(pooled, weights[c], full), kind="stable")[:5]
        scale = filter_scale(full, dict.fromkeys(named.tolist(), 0.0))
        after = logits + (pooled * (scale - 1)) @ weights.T
        assert falls[i] == pytest.approx(log_odds(logits, c) - log_odds(after, c), abs=1e-3)
        assert removed[i] == pytest.approx(1 - evidence @ scale / evidence.sum(), abs=1e-3)


@pytest.mark.parametrize(
    ("fall", "removed", "holds"),
    [
        (2.0, 0.2, True),  # larger than all, also for the evidence it removes
        (2.0, 0.9, False),  # larger because more is removed
        (0.9, 0.05, False),  # large for what it removes, but not larger than most
        (-1.0, 0.2, False),
    ],
)
def test_a_sentence_passes_if_its_fall_is_exceptional_as_it_is_and_by_evidence(
    fall, removed, holds
):
    null = np.linspace(0.5, 1.5, 40)
    claim = Claim(fall, removed, null, np.full(40, 0.2))
    assert claim.holds is holds
