import numpy as np
import pytest
from scipy.special import softmax

from fieldmarks.core.probability import p_f_given_xc
from fieldmarks.core.scores.faithfulness import (
    BOUNDS,
    CONTROLS,
    SENTENCE,
    falls,
    fewest,
    largest,
    of_mass,
    score_faithfulness,
)
from tests.support.synthetic_run import write_synthetic_run


@pytest.fixture(scope="module")
def fallen(run):
    xs = np.arange(1, run.sizes["X"], 2)
    top = np.asarray(run.array("top_t_predicted")[xs, :5])
    return xs, top, falls(run, xs, top, "ridge")


def test_the_fewest_filters_that_hold_half_are_those_of_a_slow_loop():
    evidence = np.random.default_rng(0).random((20, 9))
    for row, n in zip(evidence, fewest(evidence), strict=True):
        total, slow = 0, 0
        for value in sorted(row, reverse=True):
            total, slow = total + value, slow + 1
            if total >= row.sum() / 2:
                break
        assert n == slow


def test_the_largest_filters_are_as_many_as_asked_for():
    evidence, n = np.random.default_rng(0).random((5, 8)), np.array([1, 8, 3, 2, 5])
    chosen = largest(evidence, n)
    assert chosen.sum(axis=1).tolist() == n.tolist()
    for row, is_in in zip(evidence, chosen, strict=True):
        assert is_in.all() or row[is_in].min() > row[~is_in].max()


def test_of_equal_filters_the_first_are_chosen_as_a_stable_sort_would():
    rng = np.random.default_rng(0)
    evidence, n = rng.integers(0, 4, (40, 12)).astype(np.float32), rng.integers(1, 13, 40)
    for row, k, is_in in zip(evidence, n, largest(evidence, n), strict=True):
        assert np.flatnonzero(is_in).tolist() == sorted(np.argsort(-row, kind="stable")[:k])


def test_random_filters_hold_the_same_mass_on_average():
    rng = np.random.default_rng(0)
    p_f = rng.dirichlet(np.ones(200), 300)
    chosen = of_mass(p_f, np.full(300, 0.4), rng)
    assert (p_f * chosen).sum(axis=1).mean() == pytest.approx(0.4, abs=0.002)


def test_the_fall_is_what_the_network_would_lose(run, fallen):
    xs, top, fall_by = fallen
    weights, p_t_given_f = run.array("class_weights"), run.array("p_t_given_f", "ridge")
    for i, x in enumerate(xs):
        c = run.images["predicted_c"][x]
        pooled, logits = run.array("pooled")[x], run.array("logits")[x]
        evidence = p_f_given_xc(pooled, weights[c]) * p_t_given_f[:, top[i]].sum(axis=1)
        order, n = np.argsort(-evidence, kind="stable"), fewest(evidence[None])[0]
        without = pooled.copy()
        without[order[:n]] = 0
        after = logits + weights @ (without - pooled)
        expected = logits[c] - after[c], softmax(logits)[c] - softmax(after)[c]
        np.testing.assert_allclose(fall_by[SENTENCE][i], expected, rtol=1e-3, atol=1e-5)


def test_no_choice_lowers_the_logit_more_than_the_largest_filters(fallen):
    _, _, fall_by = fallen
    for name in (SENTENCE, *CONTROLS[:4], BOUNDS[0]):
        assert (fall_by[name][:, 0] <= fall_by["largest filters"][:, 0] + 1e-5).all()


def test_a_sentence_without_meaning_does_not_surpass_its_controls(tmp_path):
    run = write_synthetic_run(tmp_path, X=400, F=40)
    xs = np.arange(1, 400, 2)
    fall_by = falls(run, xs, np.asarray(run.array("top_t_predicted")[xs, :5]), "ridge")
    scores = score_faithfulness(fall_by, run.images["true_c"].to_numpy()[xs])
    assert scores["logit"]["against the best control"].value <= 1.02


def test_the_ratio_is_to_the_control_that_falls_most():
    n, group = 40, np.arange(40) % 8
    fallen = {name: np.full((n, 2), 0.1) for name in (SENTENCE, *CONTROLS, *BOUNDS)}
    fallen[SENTENCE] = np.full((n, 2), 0.6)
    fallen["another class"] = np.full((n, 2), 0.3)
    fallen["largest filters"] = np.full((n, 2), 0.8)
    scores = score_faithfulness(fallen, group)["probability"]
    assert scores["against the best control"].value == pytest.approx(2)
    assert scores["against the best control"].low == pytest.approx(2)
    assert scores["of the upper bound"].value == pytest.approx(0.75)
