"""How well an attribute generalises to classes left out of its estimate."""

import numpy as np

from fieldmarks.core.estimators.cross_class_score import PeakSums


def transfer(peaks, share, true_c, n_each=7):
    """The score from sums that are taken of a few images at a time."""
    sums = PeakSums(true_c)
    for rows in np.array_split(np.arange(len(true_c)), -(-len(true_c) // n_each)):
        sums.add(rows, peaks[rows], share[rows])
    return sums.cross_class_score()


def test_transfer_is_high_where_the_attribute_is_and_low_elsewhere():
    rng = np.random.default_rng(0)
    true_c = np.repeat(np.arange(10), 20)
    share = (true_c % 2 == 0)[:, None].astype(np.float32)
    sees = share + rng.normal(size=(200, 3)).astype(np.float32) * 0.1
    knows_class = np.eye(10, dtype=np.float32)[true_c]
    blind = rng.normal(size=(200, 10)).astype(np.float32)
    peaks = np.stack([np.pad(sees, ((0, 0), (0, 7))), knows_class, blind], axis=1)
    score = transfer(peaks, share, true_c)
    assert score[0, 0] > 0.9
    assert score[1, 0] < 0.3
    assert score[2, 0] < 0.3


def test_transfer_agrees_with_a_slow_loop_over_left_out_classes():
    rng = np.random.default_rng(1)
    true_c = np.repeat(np.arange(4), 5)
    peaks = rng.normal(size=(20, 1, 3))
    share = rng.random((20, 1)) + peaks[:, :, 0]
    predicted = np.empty(20)
    for c in range(4):
        fit, out = true_c != c, true_c == c
        mean, scale = peaks[fit, 0].mean(axis=0), peaks[fit, 0].std(axis=0)
        z = (peaks[fit, 0] - mean) / scale
        target = share[fit, 0] - share[fit, 0].mean()
        weights = np.linalg.inv(z.T @ z + 3 * 15 * np.eye(3)) @ (z.T @ target)
        predicted[out] = (peaks[out, 0] - mean) / scale @ weights
    expected = max(np.corrcoef(predicted, share[:, 0])[0, 1], 0)
    np.testing.assert_allclose(transfer(peaks, share, true_c)[0, 0], expected, rtol=1e-5)
