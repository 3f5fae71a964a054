"""What captions predict of one filter's activation."""

import numpy as np
import pytest

from fieldmarks.core.estimators.filter_statistics import simulation
from fieldmarks.core.estimators.inputs import held_out_inputs, inputs_of
from fieldmarks.core.explanations.filter_prediction import filter_prediction, share_predicted
from tests.support.synthetic_run import write_synthetic_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of unrelated words, in which attribute 2 alone makes filter 4 active."""
    run = write_synthetic_run(tmp_path_factory.mktemp("runs"), X=160)
    shares = run.counts.toarray() / np.maximum(run.images["n_captions"].to_numpy(), 1)[:, None]
    pooled = np.array(run.array("pooled"))
    pooled[:, 4] = 3 * shares[:, 2] + np.random.default_rng(0).normal(scale=0.01, size=len(pooled))
    return run.changed({"pooled": pooled})


def test_the_correlation_is_the_simulation_score_of_the_table_of_filters(run):
    for estimator in run.estimators:
        scores = simulation(run.array("p_t_given_f", estimator), held_out_inputs(run))
        for f in range(run.sizes["F"]):
            prediction = filter_prediction(run, f, estimator)
            assert prediction.correlation == pytest.approx(scores[f], abs=1e-4)


def test_a_filter_that_is_active_for_a_word_has_it_as_its_best_word(run):
    prediction = filter_prediction(run, 4)
    assert prediction.best_t == 2
    assert prediction.best_word > 0.99


def test_the_best_word_is_chosen_on_training_images_alone(run):
    inputs = inputs_of(run)
    share = inputs.counts.toarray() / inputs.n_captions[:, None]
    n_images = (share > 0).sum(axis=0)
    for f in range(run.sizes["F"]):
        r = [
            np.corrcoef(inputs.pooled[:][:, f], share[:, t])[0, 1] if n_images[t] >= 10 else -2
            for t in range(share.shape[1])
        ]
        assert r[filter_prediction(run, f).best_t] == pytest.approx(max(r))


def test_the_control_is_the_words_of_other_filters(run):
    f = 5
    prediction = filter_prediction(run, f)
    held_out = held_out_inputs(run)
    p = np.array(run.array("p_t_given_f"))
    expected = [
        simulation(np.where(np.arange(len(p))[:, None] == f, p[g], p), held_out)[f]
        for g in range(len(p))
        if g != f
    ]
    np.testing.assert_allclose(sorted(prediction.exchanged), sorted(expected), atol=1e-4)
    assert prediction.share_exchanged == pytest.approx(np.mean(share_predicted(expected)), abs=1e-4)
    assert prediction.is_beaten_by == pytest.approx(
        np.mean(np.array(expected) >= prediction.correlation), abs=0.1
    )


def test_a_share_is_a_square_and_nothing_where_a_word_is_avoided():
    assert share_predicted(0.64) == pytest.approx(0.4096)
    assert share_predicted(-0.64) == 0


def test_without_captioned_test_images_there_is_no_prediction(tmp_path):
    run = write_synthetic_run(tmp_path)
    silent = run.changed(tables={"images": run.images.assign(n_captions=0)})
    assert filter_prediction(silent, 0) is None
