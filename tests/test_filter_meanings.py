import numpy as np
import pytest
from scipy import sparse

from core.estimators import estimate
from core.estimators.filter_statistics import (
    filter_statistics,
    selectivity,
    simulation,
    sparseness,
)
from core.explanations.filter_meanings import (
    MIN_SHARE,
    active_images_without,
    filter_meanings,
    silent_images,
)
from tests.synthetic_run import write_synthetic_run
from tests.test_estimators import F, T, X, planted_inputs


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run in which every captioned image is said to have one of the first two attributes."""
    run = write_synthetic_run(tmp_path_factory.mktemp("runs"), X=120, T=16, R=12)
    counts = run.counts.toarray()
    captions = run.images["n_captions"].to_numpy()
    is_first = np.random.default_rng(0).random(len(counts)) < 0.4
    counts[:, 0], counts[:, 1] = captions * is_first, captions * ~is_first
    run.__dict__["counts"] = sparse.csr_array(counts)
    return run


def share(run, x, t):
    return run.counts[[x]].toarray()[0, t] / run.images["n_captions"][x]


def test_the_simulation_score_agrees_with_a_slow_loop():
    inputs = planted_inputs()
    p = estimate("mixture", inputs).p_t_given_f
    counts = inputs.counts.toarray()
    scores = simulation(p, inputs)
    for f in range(F):
        predicted = [sum(p[f] * counts[x] / inputs.n_captions[x]) for x in range(X)]
        assert scores[f] == pytest.approx(
            np.corrcoef(inputs.pooled[:, f], predicted)[0, 1], abs=1e-4
        )


def test_a_silent_filter_predicts_nothing():
    inputs = planted_inputs(pooled=np.full((X, F), 2, np.float32))
    assert (simulation(np.full((F, T), 1 / T), inputs) == 0).all()
    assert (selectivity(inputs) == 0).all()


def test_a_filter_of_one_class_is_selective():
    inputs = planted_inputs()
    pooled = np.ones((X, F), np.float32)
    pooled[:, 1] = inputs.true_c == 2
    pooled[:, 2] = np.where(inputs.true_c == 0, 3, 1)
    values = selectivity(planted_inputs(pooled=pooled))
    np.testing.assert_allclose(values[:3], [0, 1, 0.5])


def test_sparseness_lies_between_a_uniform_distribution_and_one_word():
    p = np.array([[0.25] * 4, [0.5, 0.5, 0, 0], [0, 0, 1, 0]])
    even, two, one = sparseness(p)
    assert even == pytest.approx(0)
    assert one == pytest.approx(1)
    assert 0 < two < 1


def test_without_captioned_test_images_a_filter_has_no_score():
    table = filter_statistics(np.full((F, T), 1 / T), None)
    assert table["simulation"].isna().all()
    assert table["sparseness"].notna().all()


def test_meanings_share_out_the_top_activating_images(run):
    for f in range(run.sizes["F"]):
        seen = set()
        for meaning in filter_meanings(run, f):
            assert meaning.p == pytest.approx(run.array("p_t_given_f")[f, meaning.t])
            assert all(share(run, x, meaning.t) >= MIN_SHARE for x in meaning.xs)
            assert not seen & set(meaning.xs.tolist())
            seen |= set(meaning.xs.tolist())
        assert sum(meaning.share for meaning in filter_meanings(run, f)) <= 1 + 1e-9


def test_a_filter_of_two_words_has_two_meanings(run):
    p = np.array(run.array("p_t_given_f"))
    p[0] = 0
    p[0, [0, 1]] = 0.5
    run._arrays["p_t_given_f/ridge"] = p
    assert {meaning.t for meaning in filter_meanings(run, 0)} == {0, 1}


def test_counter_examples_contradict_the_attribute(run):
    t = 0
    pooled = np.asarray(run.array("pooled"))[:, 3]
    silent, without = silent_images(run, 3, t), active_images_without(run, 3, t)
    assert len(silent)
    assert all(share(run, x, t) >= MIN_SHARE for x in silent)
    assert all(share(run, x, t) == 0 for x in without)
    for xs, sign in ((silent, 1), (without, -1)):
        assert (np.diff(sign * pooled[xs]) >= 0).all()
        assert not run.images["is_train"][xs].any()
