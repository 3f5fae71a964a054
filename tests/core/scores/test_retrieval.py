"""Retrieval: whether explanations name the attributes that captions name."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from fieldmarks.core.scores.retrieval import (
    class_caption_frequency,
    retrieved,
    score_retrieval,
    searched_attributes,
    training_images,
)

N, K, C = 36, 5, 3
TRUE_C = np.arange(N) % C


@pytest.fixture
def flags():
    rng = np.random.default_rng(0)
    truth = rng.random((N, K)) < 0.4
    p = rng.random((N, K)) + 0.3 * truth
    return p, p > 0.7, truth


def slow_rates(is_retrieved, truth) -> dict[str, float]:
    """Recall, true negative rate and precision over all pairs of image and attribute, percent."""
    pairs = list(zip(is_retrieved.ravel(), truth.ravel(), strict=True))
    both = sum(r and t for r, t in pairs)
    neither = sum(not r and not t for r, t in pairs)
    return {
        "recall": 100 * both / sum(t for _, t in pairs),
        "true negative rate": 100 * neither / sum(not t for _, t in pairs),
        "precision": 100 * both / sum(r for r, _ in pairs),
    }


def test_rates_agree_with_a_slow_loop(flags):
    p, is_retrieved, truth = flags
    scores = score_retrieval(p, is_retrieved, truth, TRUE_C)
    for name, expected in slow_rates(is_retrieved, truth).items():
        assert scores[name].value == pytest.approx(expected)
        assert scores[name].low < expected < scores[name].high


def test_mean_average_precision_is_that_over_attributes_and_that_over_classes_too(flags):
    p, is_retrieved, truth = flags
    scores = score_retrieval(p, is_retrieved, truth, TRUE_C)
    overall = [average_precision_score(truth[:, j], p[:, j]) for j in range(K)]
    within = [
        average_precision_score(truth[c == TRUE_C, j], p[c == TRUE_C, j])
        for c in range(C)
        for j in range(K)
        if truth[c == TRUE_C, j].any() and not truth[c == TRUE_C, j].all()
    ]
    assert scores["mAP"].value == pytest.approx(np.mean(overall), rel=1e-5)
    assert scores["mAP within classes"].value == pytest.approx(np.mean(within), rel=1e-5)


def test_a_ranking_of_chance_has_the_precision_of_the_base_rate():
    rng = np.random.default_rng(1)
    truth = rng.random((2000, 3)) < 0.3
    p = rng.random(truth.shape)
    scores = score_retrieval(p, p > 0.9, truth, np.arange(2000) % 4)
    assert scores["mAP"].value == pytest.approx(0.3, abs=0.05)
    assert scores["precision"].value == pytest.approx(30, abs=6)


def test_where_captions_name_nothing_no_ranking_is_scored(flags):
    p, is_retrieved, truth = flags
    scores = score_retrieval(p, is_retrieved, np.zeros_like(truth), TRUE_C)
    assert np.isnan(scores["mAP"].value)
    assert scores["mAP"].n == 0


def test_an_explanation_retrieves_what_it_contains():
    top = np.array([[4, 2, -1], [7, -1, -1]])
    assert retrieved(top, np.array([2, 7, 9])).tolist() == [
        [True, False, False],
        [False, True, False],
    ]


def test_what_is_searched_is_named_in_most_training_images(run):
    counts = run.counts.toarray()[run.images["is_train"].to_numpy()]
    expected = [sum(count > 0 for count in column) for column in counts.T]
    np.testing.assert_array_equal(training_images(run), expected)
    ts = searched_attributes(run, 6)
    assert sorted(expected, reverse=True)[:6] == [expected[t] for t in ts]


def test_the_frequency_of_a_class_agrees_with_a_slow_loop(run):
    frequency, counts = class_caption_frequency(run), run.counts.toarray()
    for c in np.unique(run.images.query("is_train and n_captions > 0")["true_c"]):
        shares = [
            counts[x] / row["n_captions"]
            for x, row in run.images.iterrows()
            if row["is_train"] and row["n_captions"] > 0 and row["true_c"] == c
        ]
        np.testing.assert_allclose(frequency[c], np.mean(shares, axis=0), rtol=1e-6)


def test_a_class_without_captions_has_the_mean_over_all_images(run):
    images = run.images.copy()
    images.loc[images["true_c"] == 1, "n_captions"] = 0
    silent = run.changed(tables={"images": images})
    counts = silent.counts.toarray()
    shares = [
        counts[x] / row["n_captions"]
        for x, row in images.iterrows()
        if row["is_train"] and row["n_captions"] > 0
    ]
    frequency = class_caption_frequency(silent)
    np.testing.assert_allclose(frequency[1], np.mean(shares, axis=0), rtol=1e-6)
