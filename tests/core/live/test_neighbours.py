"""Nearest training images and the rank of a distance, against slow loops."""

import numpy as np
import pytest

from fieldmarks.core.live.neighbours import (
    ALARM,
    K_NEAREST,
    TrainingImages,
    distances_of_test_images,
    novelty_of,
)


def cosines(run, pooled, leave_out=None) -> list[tuple[float, int]]:
    """Return cosine and x of every training image, nearest first, from the definition."""
    pairs = []
    for x in range(run.sizes["X"]):
        if run.is_test[x] or x == leave_out or not run.is_readable[x]:
            continue
        other = run.array("pooled")[x].astype(float)
        cosine = pooled @ other / np.sqrt((pooled @ pooled) * (other @ other))
        pairs.append((float(cosine), x))
    return sorted(pairs, key=lambda pair: -pair[0])


@pytest.mark.parametrize("x", [0, 1, 12])
@pytest.mark.parametrize("is_left_out", [True, False])
def test_neighbours_and_distance_are_those_of_a_slow_loop(run, x, is_left_out):
    pooled = run.array("pooled")[x].astype(float)
    leave_out = x if is_left_out else None
    expected = cosines(run, pooled, leave_out)
    training = TrainingImages(run)
    xs, cosine = training.nearest(pooled, 5, leave_out)
    np.testing.assert_allclose(cosine, [c for c, _ in expected[:5]], atol=1e-5)
    assert xs.tolist() == [x for _, x in expected[:5]]
    distance = training.distance(pooled[None], leave_out)
    assert distance[0] == pytest.approx(1 - expected[K_NEAREST - 1][0], abs=1e-5)


def test_distances_of_test_images_ascend(run):
    distances = distances_of_test_images(run)
    assert len(distances) == (run.is_test & run.is_readable).sum()
    assert (np.diff(distances) >= 0).all()
    slow = [
        1 - cosines(run, run.array("pooled")[x].astype(float))[K_NEAREST - 1][0]
        for x in np.flatnonzero(run.is_test)
    ]
    np.testing.assert_allclose(distances, np.sort(slow), atol=1e-5)


def test_about_one_in_twenty_pictures_like_the_test_images_is_called_unlike():
    rng = np.random.default_rng(0)
    called = [
        novelty_of(float(rng.gamma(2)), np.sort(rng.gamma(2, size=199))).is_unlike
        for _ in range(4000)
    ]
    assert ALARM - 0.012 < np.mean(called) < ALARM + 0.012


@pytest.mark.parametrize(
    ("distance", "share", "p"), [(0.0, 0, 1), (0.25, 0.5, 0.6), (0.4, 0.75, 0.4), (9.0, 1, 0.2)]
)
def test_a_distance_is_ranked_among_those_of_the_test_images(distance, share, p):
    novelty = novelty_of(distance, np.array([0.1, 0.2, 0.3, 0.4]))
    assert (novelty.share_nearer, novelty.p_value) == pytest.approx((share, p))


def test_without_test_images_there_is_no_rank():
    assert novelty_of(0.3, np.zeros(0)) is None
    assert novelty_of(float("nan"), np.array([0.1])) is None


def test_a_run_without_the_distances_has_no_novelty(run):
    assert TrainingImages(run).novelty(run.array("pooled")[0]) is None
