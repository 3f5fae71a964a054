"""The sentence test: against names from exchanged captions, as they are and by evidence."""

import numpy as np
import pytest

from core.errors import MissingRunError
from core.estimators.significance import largest_of_filters
from core.metrics.sentence_test import score_sentence_test, share_that_passes
from core.probability import p_t_given_xc
from core.what_if.ablation import filter_scale
from core.what_if.sentence_test import Claim, SentenceTest, log_odds


def test_the_fall_is_that_of_the_what_if_with_p_d_f_s_cut_off(run):
    x, c, T = 3, int(run.images["predicted_c"][3]), run.sizes["T"]
    falls, removed = SentenceTest(run).falls(x, c)
    pooled, weights = run.array("pooled")[x].astype(float), run.array("class_weights").astype(float)
    logits = run.array("logits")[x].astype(float)
    evidence = np.clip(pooled * weights[c], 0, None)
    first = largest_of_filters(run.array("p_t_given_f"), run.sizes["L"])
    nulls = list(zip(run.array("null_t"), run.array("null_p"), strict=True))
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
    assert (" no more than on" in claim.sentence()) is not holds


def test_at_most_one_in_twenty_passes_when_an_estimate_from_exchanged_captions_takes_the_place():
    rng = np.random.default_rng(0)
    shares = [share_that_passes(rng.normal(2, 1, 40), rng.uniform(0.1, 0.3, 40)) for _ in range(50)]
    assert max(shares) <= 0.05


def test_the_score_of_names_that_mean_nothing_is_that_of_exchanged_names(run):
    scores = score_sentence_test(run, np.flatnonzero(run.is_test))
    passes, exchanged = (row["passes"] for row in scores["rows"].values())
    [difference] = (row["passes"] for row in scores["differences"].values())
    assert exchanged.value <= 5
    assert difference.low <= 0 or passes.value > exchanged.value


def test_a_run_without_exchanged_names_is_not_tested(run, monkeypatch):
    read = run.array

    def array(name: str, *rest):
        if name == "null_t":
            raise MissingRunError("no null_t")
        return read(name, *rest)

    monkeypatch.setattr(run, "array", array)
    assert score_sentence_test(run, np.arange(3)) is None
