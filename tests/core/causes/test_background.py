"""Which map cells are background: by activations, or by keypoints where asked."""

import numpy as np
import pytest

from fieldmarks.core.causes.background import (
    Background,
    centre_weights,
    keypoint_line_distances,
    nearness,
    objectness,
)
from fieldmarks.core.run.run import Run
from tests.support.faulty_run import write_faulty_run


@pytest.fixture(scope="module")
def faulty(tmp_path_factory) -> Run:
    return write_faulty_run(tmp_path_factory.mktemp("runs"))


def test_the_distance_to_lines_between_keypoints_equals_a_slow_search_along_the_lines():
    rng = np.random.default_rng(1)
    keypoints, cells = rng.uniform(size=(4, 2)), rng.uniform(size=(6, 2))
    keypoints = np.vstack([keypoints, [np.nan, np.nan]])
    steps = np.linspace(0, 1, 2001)[:, None]
    for cell, distance in zip(cells, keypoint_line_distances(keypoints, cells), strict=True):
        slow = min(
            np.linalg.norm(
                keypoints[i] + steps * (keypoints[j] - keypoints[i]) - cell, axis=1
            ).min()
            for i in range(4)
            for j in range(i)
        )
        assert distance == pytest.approx(slow, abs=1e-3)


@pytest.mark.parametrize("with_keypoints", [False, True])
def test_the_surroundings_are_a_quarter_of_the_cells_and_an_exact_part_of_the_logit(
    faulty, with_keypoints
):
    x = 3
    background = Background(faulty, with_keypoints)
    chosen = background.mask(x)
    assert chosen.sum() == round(chosen.size / 4)
    part = background.pooled(np.array([x]))[0]
    rest = faulty.maps(x).astype(float)[:, ~chosen].sum(axis=1) / chosen.size
    np.testing.assert_allclose(part + rest, faulty.array("pooled")[x], rtol=1e-3)


def test_the_object_lies_where_activations_are_large_and_near_the_centre():
    centres = np.stack(np.meshgrid(*[np.linspace(0.06, 0.94, 8)] * 2, indexing="ij"), -1)
    maps = np.full((3, 8, 8), 0.1)
    maps[:, 1:4, 1:4] = 1.0
    there = objectness(maps, nearness(centres), np.ones(3))
    assert np.unravel_index(there.argmax(), there.shape) == (2, 2)
    assert there[2, 2] > there[5, 5] > there[7, 7]
    flat = objectness(np.ones((3, 8, 8)), nearness(centres), np.ones(3))
    np.testing.assert_array_equal(np.argsort(flat.ravel())[:4], [0, 7, 56, 63])


def test_a_filter_that_is_active_on_the_background_does_not_say_where_the_object_is(faulty):
    weights = centre_weights(faulty)
    assert weights[3] == 0
    assert (weights[:3] > 0.2).all()
    centres = np.asarray(faulty.array("cell_centres"), float)
    near = -np.linalg.norm(centres - 0.5, axis=2).ravel()
    xs = np.flatnonzero(faulty.images["is_train"])
    cells = np.stack([faulty.maps(x).astype(float) for x in xs])
    slow = np.corrcoef(cells[:, 1].ravel(), np.tile(near, len(xs)))[0, 1]
    assert weights[1] == pytest.approx(slow, abs=1e-3)


def test_without_keypoints_the_corners_are_the_surroundings():
    centres = np.stack(np.meshgrid([0.1, 0.5, 0.9], [0.1, 0.5, 0.9], indexing="ij"), -1)
    far = keypoint_line_distances(np.full((4, 2), np.nan), centres.reshape(-1, 2)).reshape(3, 3)
    assert far[1, 1] == 0
    assert far[0, 0] == far.max()
