"""Ridge regression of every attribute on all filters."""

import numpy as np

from fieldmarks.core.estimators import estimate
from fieldmarks.core.estimators.ridge import PENALTY
from tests.support.planted_inputs import F, T, X, planted_inputs


def test_ridge_agrees_with_the_normal_equations_of_one_attribute_after_another():
    inputs = planted_inputs()
    mean, scale = inputs.pooled.mean(axis=0), inputs.pooled.std(axis=0)
    z = (inputs.pooled - mean) / scale
    share = inputs.counts.toarray() / inputs.n_captions[:, None]
    result = estimate("ridge", inputs)
    for t in range(T):
        weights = np.linalg.inv(z.T @ z + PENALTY * X * np.eye(F)) @ (z.T @ share[:, t])
        np.testing.assert_allclose(result.evidence[:, t], weights / scale, rtol=1e-3, atol=1e-5)
        bias = share[:, t].mean() - sum(mean * weights / scale)
        np.testing.assert_allclose(result.evidence_bias[t], bias, rtol=1e-3)


def test_ridge_scores_predict_the_share_of_captions():
    inputs = planted_inputs(noise=0.1)
    result = estimate("ridge", inputs)
    score = inputs.pooled @ result.evidence + result.evidence_bias
    share = inputs.counts.toarray() / 10
    np.testing.assert_allclose(score.mean(axis=0), share.mean(axis=0), atol=1e-4)
    for t in range(T):
        assert np.corrcoef(score[:, t], share[:, t])[0, 1] > 0.9
