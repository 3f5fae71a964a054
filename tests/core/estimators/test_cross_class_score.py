"""How well an attribute generalises to classes left out of its estimate."""

import numpy as np
from scipy import sparse

from fieldmarks.core.estimators.cross_class_score import Folds, PeakSums


def transfer(peaks, share, true_c, n_each=7):
    """The score from sums that are taken of a few images at a time."""
    folds = Folds(true_c)
    sums = PeakSums(folds)
    for rows in np.array_split(np.arange(len(true_c)), -(-len(true_c) // n_each)):
        for images in folds.shares(rows, sparse.csr_array(share[rows])):
            sums.add(images, peaks[rows[images.at]])
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


def test_sparse_shares_are_those_of_a_dense_array():
    rng = np.random.default_rng(2)
    few = sparse.random_array((60, 40), density=0.1, rng=rng, dtype=np.float32).tocsr()
    many = sparse.hstack([few, np.ones((60, 40), np.float32)]).tocsr()
    true_c, peaks = np.arange(60) % 6, rng.normal(size=(60, 2, 1))
    kinds = [sparse.issparse(Folds(true_c).shares(np.arange(60), s)[0].share) for s in (few, many)]
    assert kinds == [True, False]
    peaks[:, 0, 0] += 9 * few[:, [0]].toarray()[:, 0]
    scores = [transfer(peaks, s.toarray(), true_c, n_each=60) for s in (few, many)]
    assert scores[0].max() > 0.2
    np.testing.assert_allclose(scores[0], scores[1][:, :40], atol=1e-6)
