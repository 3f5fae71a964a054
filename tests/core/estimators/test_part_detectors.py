"""Part detectors: clusters of map cells that occur in every class, on a planted world."""

import numpy as np
import pytest

from fieldmarks.core.estimators.part_detectors import (
    N_CLUSTERINGS,
    N_SHAPE,
    CellSample,
    _reduced,
    cell_directions,
    part_templates,
    sample_cells,
)
from tests.support.planted import planted_world


@pytest.fixture(scope="module")
def world():
    return planted_world()


@pytest.fixture(scope="module")
def sample(world):
    return sample_cells(world[0], np.random.default_rng(0))


def test_of_few_images_every_cell_is_drawn_with_the_class_of_its_image(world, sample):
    inputs, maps, _ = world
    X, F, H, W = maps.shape
    assert sample.cells.shape == (X * H * W, F)
    for x in (0, 40, X - 1):
        drawn = slice(x * H * W, (x + 1) * H * W)
        assert set(sample.cell_c[drawn]) == {inputs.true_c[x]}
        expected = sorted(map(tuple, maps[x].reshape(F, -1).T))
        assert sorted(map(tuple, sample.cells[drawn])) == expected


def test_of_many_images_equally_many_cells_are_drawn(world):
    few = sample_cells(world[0], np.random.default_rng(0), n_cells=300)
    assert np.bincount(few.cell_c).tolist() == [2 * 7] * 18


def test_each_part_is_detected_in_every_class_and_no_detector_mixes_parts(world, sample):
    inputs, maps, cells = world
    flat = maps.reshape(*maps.shape[:2], -1).astype(np.float32)
    templates = part_templates(sample, seed=0)
    peaks = np.einsum("xfp,fk->xkp", flat, templates.weights).argmax(axis=2)
    hits = np.stack([peaks == cells[:, [part]] for part in range(2)])
    for part in range(2):
        for c in range(18):
            assert hits[part, inputs.true_c == c].mean(axis=0).max() > 0.95
    rates = hits.mean(axis=1)
    assert (rates.min(axis=0) < 0.05).all()
    control = flat.mean(axis=1).argmax(axis=1)  # all filters together look at both parts
    assert min((control[:, None] == cells).mean(axis=0)) > 0.3


def test_detectors_have_unit_norm_and_name_their_clustering(sample):
    templates = part_templates(sample, seed=0)
    np.testing.assert_allclose(np.linalg.norm(templates.weights, axis=0), 1, rtol=1e-4)
    assert set(templates.clustering) == set(range(N_CLUSTERINGS))
    assert (np.diff(templates.clustering) >= 0).all()


def test_shapes_along_principal_directions_keep_what_varies_most():
    rng = np.random.default_rng(0)
    planted = rng.normal(size=(300, N_SHAPE)) @ rng.normal(size=(N_SHAPE, 90))
    noise = 1e-3 * rng.normal(size=planted.shape)
    reduced = _reduced((planted + noise).astype(np.float32))
    assert reduced.shape == (300, N_SHAPE)
    kept = np.linalg.norm(reduced[:100, None] - reduced[100:200], axis=2)
    expected = np.linalg.norm(planted[:100, None] - planted[100:200], axis=2)
    np.testing.assert_allclose(kept, expected, rtol=1e-2)


def test_directions_are_the_principal_ones_of_standardised_cells(sample):
    cells = sample.cells.astype(float)
    standard = (cells - cells.mean(axis=0)) / cells.std(axis=0)
    _, singular, axes = np.linalg.svd(standard, full_matrices=False)
    directions = cell_directions(sample, 3)
    for i in range(3):  # ascending, as eigh returns them
        expected = axes[2 - i] / cells.std(axis=0)
        cosine = directions[:, i] @ expected
        cosine /= np.linalg.norm(directions[:, i]) * np.linalg.norm(expected)
        assert abs(cosine) == pytest.approx(1, abs=1e-2 / (singular[0] / singular[3]))


def test_a_filter_that_never_changes_does_no_harm():
    rng = np.random.default_rng(0)
    cells = rng.random((200, 4)).astype(np.float16)
    cells[:, 2] = 0
    templates = part_templates(CellSample(cells, np.arange(200) % 4), seed=0, n_clusterings=1)
    assert np.isfinite(templates.weights).all()
    assert np.isfinite(templates.directions).all()
