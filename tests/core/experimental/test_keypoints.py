"""The estimator that reads keypoints, on a world whose truth is planted."""

from dataclasses import replace

import numpy as np
import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.core.estimators import (
    ESTIMATORS,
    EXPERIMENTAL,
    Keypoints,
    estimate,
    uses_keypoints,
)
from fieldmarks.core.experimental.keypoints import RADIUS, part_distances
from tests.support.planted import NAMED_BY, SIDE, T, planted_world


@pytest.fixture(scope="module")
def world():
    """Planted inputs with a keypoint of head and belly, maps, and cells of both."""
    inputs, maps, cells = planted_world()
    edges = (np.arange(SIDE) + 0.5) / SIDE
    centres = np.stack(np.meshgrid(edges, edges, indexing="ij"), axis=-1)
    points = centres.reshape(-1, 2)[cells]
    columns = np.repeat([[0], [1]], 3, axis=0)
    return replace(inputs, keypoints=Keypoints(points, columns, centres)), maps, cells


def share_at(maps: np.ndarray, cells: np.ndarray, evidence: np.ndarray) -> float:
    flat = maps.reshape(*maps.shape[:2], -1).astype(float)
    peaks = np.einsum("xfc,ft->xtc", flat, evidence).argmax(axis=2)
    return float(np.mean(peaks == np.repeat(cells, 3, axis=1)))


def test_it_is_made_only_when_asked_for():
    assert "keypoints" in EXPERIMENTAL
    assert uses_keypoints("keypoints")
    assert "keypoints" not in ESTIMATORS


def test_it_names_the_planted_filters_and_finds_the_planted_parts(world):
    inputs, maps, cells = world
    result = estimate("keypoints", inputs)
    for f, t in NAMED_BY.items():
        assert result.p_t_given_f[f].argmax() == t
    assert share_at(maps, cells, result.evidence) > 0.95


def test_p_t_given_f_are_distributions_of_float32(world):
    result = estimate("keypoints", world[0])
    np.testing.assert_allclose(result.p_t_given_f.sum(axis=1), 1, atol=1e-5)
    assert (result.p_t_given_f >= 0).all()
    arrays = (result.p_t_given_f, result.evidence, result.evidence_bias)
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_how_often_a_word_lies_at_a_peak_is_that_of_a_slow_loop(world):
    inputs, maps, _ = world
    p, points = estimate("keypoints", inputs).p_t_given_f, inputs.keypoints.points
    centres = inputs.keypoints.cell_centres.reshape(-1, 2)
    counts, pooled = inputs.counts.toarray(), np.asarray(inputs.pooled)
    X, F = pooled.shape
    at_peak = np.zeros((F, T))
    for f in range(F):
        for x in range(X):
            peak = centres[maps[x, f].ravel().argmax()]
            for t in range(T):
                if np.hypot(*(points[x, t // 3] - peak)) <= RADIUS:
                    at_peak[f, t] += pooled[x, f] * counts[x, t] / 10
        at_peak[f] /= pooled[:, f].sum()
    excess = np.clip(at_peak - at_peak.mean(axis=0), 0, None)
    for f in np.flatnonzero(excess.sum(axis=1) > 0):
        np.testing.assert_allclose(p[f], excess[f] / excess[f].sum(), atol=1e-4)


def test_a_word_without_keypoints_keeps_its_probability(world):
    inputs = world[0]
    columns = inputs.keypoints.columns.copy()
    columns[5] = -1
    some = replace(inputs, keypoints=replace(inputs.keypoints, columns=columns))
    np.testing.assert_allclose(
        estimate("keypoints", some).p_t_given_f[:, 5],
        estimate("mixture", some).p_t_given_f[:, 5],
        atol=1e-6,
    )


def test_a_hidden_keypoint_is_nowhere_and_of_several_the_nearest_counts():
    points = np.array([[0.1, 0.1], [np.nan, np.nan], [0.9, 0.9]])
    far = part_distances(points, np.array([[0, 2], [1, -1]]), np.array([[0.1, 0.4], [0.9, 0.8]]))
    np.testing.assert_allclose(far[0], [0.3, 0.1])
    assert np.isinf(far[1]).all()


def test_inputs_of_some_images_and_words_hold_their_keypoints(world):
    inputs, use = world[0], np.arange(world[0].shape[0]) % 2 == 0
    some = inputs.of_images(use).of_attributes(np.array([4, 0]))
    np.testing.assert_array_equal(some.keypoints.points, inputs.keypoints.points[use])
    assert some.keypoints.columns.ravel().tolist() == [1, 0]


@pytest.mark.parametrize("missing", ["keypoints", "maps"])
def test_without_keypoints_or_maps_one_line_says_what_to_do(world, missing):
    with pytest.raises(DataError, match="needs annotated keypoints and the maps"):
        estimate("keypoints", replace(world[0], **{missing: None}))
