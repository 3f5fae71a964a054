import numpy as np
import pytest

from fieldmarks.core.class_statistics import RunningTop, class_sums, distances_to_mean, nearest

X, F, C, R = 57, 6, 4, 5


@pytest.fixture
def pooled():
    values = np.random.default_rng(0).normal(size=(X, F)).astype(np.float32)
    return np.round(values, 1)  # many equal values


def slow_top(pooled, R):
    return [
        [x for _, x in sorted((-pooled[x, f], x) for x in range(len(pooled)))[:R]]
        for f in range(pooled.shape[1])
    ]


@pytest.mark.parametrize("block", [1, 7, X])
def test_top_images_do_not_depend_on_the_blocks(pooled, block):
    top = RunningTop(F, R)
    for start in range(0, X, block):
        xs = np.arange(start, min(start + block, X))
        top.update(pooled[xs], xs)
    assert top.images().tolist() == slow_top(pooled, R)


def test_top_images_of_two_processes_merge_to_those_of_one(pooled):
    parts = [RunningTop(F, R), RunningTop(F, R)]
    for rank, top in enumerate(parts):
        xs = np.arange(rank, X, 2)
        top.update(pooled[xs], xs)
    parts[0].merge(parts[1].keys)
    assert parts[0].images().tolist() == slow_top(pooled, R)


def test_a_filter_with_too_few_images_is_filled_with_none(pooled):
    top = RunningTop(F, R)
    top.update(pooled[:2], np.array([0, 1]))
    assert (top.images()[:, 2:] == -1).all()
    assert (top.images()[:, :2] >= 0).all()


def test_class_sums_are_those_of_a_loop(pooled):
    c = np.random.default_rng(1).integers(0, C - 1, X)
    expected = [pooled[c == i].sum(axis=0, dtype=np.float64) for i in range(C)]
    np.testing.assert_allclose(class_sums(pooled, c, C), expected)


def test_canonical_images_are_nearest_to_the_mean_of_their_class(pooled):
    c = np.random.default_rng(1).integers(0, C - 1, X)
    counts = np.maximum(np.bincount(c, minlength=C), 1)[:, None]
    means = class_sums(pooled, c, C) / counts
    canonical = nearest(distances_to_mean(pooled, c, means), c, C, N=3)
    for i in range(C - 1):
        members = [x for x in range(X) if c[x] == i]
        mean = np.mean([pooled[x] for x in members], axis=0)
        members.sort(key=lambda x: np.linalg.norm(pooled[x] - mean))
        assert canonical[i].tolist() == members[:3]
    assert canonical[C - 1].tolist() == [-1, -1, -1]
