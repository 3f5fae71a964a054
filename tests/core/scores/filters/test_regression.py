import numpy as np
import pytest
from sklearn.linear_model import Ridge

from fieldmarks.core.scores.filters.regression import RegressionSums


@pytest.fixture
def data():
    """Shares of 7 words, of which one is never and one always said, activations of 5 filters."""
    rng = np.random.default_rng(0)
    share = rng.random((60, 7)).astype(np.float32)
    share[:, 2], share[:, 3] = 0, 1
    y = (share @ rng.normal(size=(7, 5)) + 0.1 * rng.normal(size=(60, 5))).astype(np.float32)
    y[:, 4] = 0.5
    return share, y


@pytest.mark.parametrize("penalty", [1.0, 30.0, 8000.0])
def test_the_prediction_is_that_of_ridge_regression_on_standardised_shares(data, penalty):
    share, y = data
    new = np.random.default_rng(1).random((9, 7)).astype(np.float32)
    varies = share.std(axis=0) > 0
    mean, spread = share.mean(axis=0)[varies], share.std(axis=0)[varies]
    fitted = Ridge(alpha=penalty).fit((share[:, varies] - mean) / spread, y)
    [predicted] = RegressionSums.of(share, y).ridge(new, (penalty,))
    np.testing.assert_allclose(
        predicted, fitted.predict((new[:, varies] - mean) / spread), atol=1e-4
    )


def test_sums_of_parts_are_those_of_the_whole(data):
    share, y = data
    parts = RegressionSums.of(share[:20], y[:20]) + RegressionSums.of(share[20:], y[20:])
    whole = RegressionSums.of(share, y)
    assert parts.n == whole.n
    for name in ("x", "y", "xx", "xy", "yy"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-5)


def test_the_best_word_correlates_best(data):
    share, y = data
    ts, correlation = RegressionSums.of(share, y).best_words()
    for f in range(4):
        expected = [np.corrcoef(share[:, t], y[:, f])[0, 1] for t in (0, 1, 4, 5, 6)]
        assert ts[f] == [0, 1, 4, 5, 6][int(np.argmax(expected))]
        assert correlation[f] == pytest.approx(max(expected), abs=1e-4)
    assert correlation[4] == 0
