from dataclasses import replace

import numpy as np
import pytest

from fieldmarks.core.class_folds import families, folds
from fieldmarks.core.estimators import estimate, words
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.scores.filters.simulation import N_LARGEST, Simulation, score_simulation
from fieldmarks.core.scores.result import Role
from tests.support.synthetic_run import write_synthetic_run


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A run in which captions of every class are many and filter 0 is active for one word."""
    run = write_synthetic_run(tmp_path_factory.mktemp("runs"), X=240, C=6, T=16)
    share = run.counts.toarray() / np.maximum(run.images["n_captions"].to_numpy(), 1)[:, None]
    pooled = np.array(run.array("pooled"))
    pooled[:, 0] = share[:, 3] + 0.01 * pooled[:, 0]
    return run.changed({"pooled": pooled})


@pytest.fixture(scope="module")
def xs(told):
    images = told.images
    return np.flatnonzero(~images["is_train"].to_numpy() & (images["n_captions"] > 0).to_numpy())


@pytest.fixture(scope="module")
def sim(told, xs):
    return Simulation(told, xs)


def shares(run, xs):
    return run.counts[xs].toarray() / run.images["n_captions"].to_numpy()[xs][:, None]


def test_a_pdf_predicts_by_its_weights_on_captions(sim, told, xs):
    p = told.array("p_t_given_f")
    expected = [[sum(p[f] * share) for f in range(len(p))] for share in shares(told, xs)]
    np.testing.assert_allclose(sim.pdf(p), expected, rtol=1e-4)


def test_the_largest_words_alone_are_the_pdf_without_the_others(sim, told, xs):
    p = np.array(told.array("p_t_given_f"))
    kept = np.where(p >= np.sort(p, axis=1)[:, -N_LARGEST, None], p, 0)
    np.testing.assert_allclose(sim.largest(p), shares(told, xs) @ kept.T, rtol=1e-4, atol=1e-7)


def test_the_best_word_of_a_filter_that_follows_a_word_is_that_word(sim):
    ts, correlation = sim.best_word(sim.sums(np.arange(sim.inputs.shape[0])))
    assert ts[0] == 3
    assert correlation[0] > 0.9


def test_the_regression_predicts_the_filter_that_follows_a_word(sim, xs):
    teach = sim.sums(np.arange(sim.inputs.shape[0]))
    predicted = sim.ridge(teach, np.arange(len(xs)), 30.0)
    assert sim.activations.by_filter(predicted)[0] > 0.9


def test_what_is_left_out_takes_no_part(told, xs):
    """The prediction for a class does not change with the training images of that class."""
    before = Simulation(told, xs).left_out("mixture", np.arange(told.sizes["C"]))
    sim = Simulation(told, xs)
    changed = sim.inputs.true_c == 2
    counts = sim.inputs.counts.toarray()
    counts[changed] = counts[changed][::-1]
    sim.inputs = replace(sim.inputs, counts=type(sim.inputs.counts)(counts))
    after = sim.left_out("mixture", np.arange(told.sizes["C"]))
    at = sim.true_c == 2
    for name in ("mixture", "best word"):
        np.testing.assert_array_equal(before[name][at], after[name][at])
        assert not np.array_equal(before[name][~at], after[name][~at])


def test_classes_of_a_family_are_left_out_together():
    names = [f"{kind} {family}" for family in ("Auklet", "Tern", "Wren") for kind in ("Red", "Wee")]
    left_out = folds(np.arange(6), families(names))
    assert sorted(sorted(fold.tolist()) for fold in left_out) == [[0, 1], [2, 3], [4, 5]]


def test_one_family_alone_cannot_be_left_out():
    assert folds(np.arange(3), np.zeros(3, int)) == []


def test_every_row_stands_beside_names_exchanged(told, xs):
    measure = score_simulation(told, xs)
    default = told.default_estimator
    control = f"{default}, permuted"
    controls = {row.name for row in measure.rows if row.role is Role.CONTROL}
    assert {control, "name, permuted", "best word", "ridge encoding"} <= controls
    assert measure.row(default).scores["classes left out"].n == told.sizes["F"]
    named, exchanged = (measure.row(name).scores["all"].value for name in (default, control))
    difference = measure.row(f"{default} minus {control}").scores["all"]
    assert difference.value == pytest.approx(named - exchanged)


def test_the_words_alone_are_those_of_the_whole_estimate(run):
    inputs = inputs_of(run)
    for name in ("places", "ridge"):
        np.testing.assert_array_equal(words(name, inputs), estimate(name, inputs).p_t_given_f)
