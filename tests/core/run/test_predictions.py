"""What class scores say of each image."""

import numpy as np
import pytest

from fieldmarks.core.run.predictions import predictions


def test_predictions_are_the_softmax_of_the_scores():
    rng = np.random.default_rng(0)
    logits, true_c = rng.normal(size=(6, 4)).astype(np.float32), rng.integers(0, 4, 6)
    table = predictions(logits, true_c)
    for x in range(6):
        exponents = [np.exp(float(score)) for score in logits[x]]
        p = [each / sum(exponents) for each in exponents]
        assert table["predicted_c"][x] == p.index(max(p))
        assert table["confidence"][x] == pytest.approx(max(p), rel=1e-5)
        assert table["p_true"][x] == pytest.approx(p[true_c[x]], rel=1e-5)


def test_scores_beyond_the_range_of_exponents_are_no_problem():
    table = predictions(np.array([[1e5, -1e5]]), np.array([1]))
    assert table["confidence"][0] == 1
    assert table["p_true"][0] == 0
