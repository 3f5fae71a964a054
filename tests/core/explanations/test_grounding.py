import numpy as np
import pytest

from fieldmarks.core.errors import MissingRunError
from fieldmarks.core.explanations.grounding import (
    class_maps,
    clip_and_scale,
    ground,
    upsample,
    weighted_map,
)


def grid(rows, cols):
    return np.stack(np.meshgrid(rows, cols, indexing="ij"), axis=-1)


def test_the_map_is_the_papers_sum_over_filters():
    rng = np.random.default_rng(0)
    maps, weights = rng.uniform(size=(4, 3, 2)), rng.normal(size=4)
    result = weighted_map(maps, weights)
    for row in range(3):
        for col in range(2):
            slow = sum(weights[f] * maps[f, row, col] for f in range(4))
            assert result[row, col] == pytest.approx(slow, rel=1e-5)


def test_a_cell_lies_at_its_receptive_field_centre():
    """A 4 x 4 map whose centres start at 0: plain resizing would be off by half a cell."""
    centres = grid(np.arange(4) / 4, np.arange(4) / 4)
    for i in range(4):
        cells = np.zeros((4, 4))
        cells[i, 2] = 1
        heatmap = upsample(cells, centres, 200)
        row, col = np.unravel_index(heatmap.argmax(), heatmap.shape)
        assert (row + 0.5) / 200 == pytest.approx(i / 4, abs=0.03)
        assert (col + 0.5) / 200 == pytest.approx(0.5, abs=0.03)


def test_upsampling_keeps_the_values_at_the_centres():
    centres = grid((np.arange(5) + 0.5) / 5, (np.arange(5) + 0.5) / 5)
    cells = np.random.default_rng(0).normal(size=(5, 5))
    fine = upsample(cells, centres, 15)
    np.testing.assert_allclose(fine[1::3, 1::3], cells, atol=1e-5)


def test_a_constant_map_stays_constant_up_to_the_border():
    centres = grid(np.array([0.3, 0.7]), np.array([0.3, 0.7]))
    np.testing.assert_allclose(upsample(np.full((2, 2), 2.5), centres, 8), 2.5, rtol=1e-5)


def test_a_single_cell_covers_the_image():
    np.testing.assert_allclose(upsample(np.array([[3.0]]), grid([0.5], [0.5]), 4), 3)


def test_a_heatmap_lies_between_zero_and_one(run):
    heatmap = ground(run, x=2, t=5, size=24)
    assert heatmap.shape == (24, 24)
    assert heatmap.min() >= 0
    assert heatmap.max() in (0, 1)


def test_nothing_positive_gives_an_empty_heatmap():
    assert clip_and_scale(np.array([[-1.0, 0.0]])).tolist() == [[0, 0]]


def test_class_maps_share_one_scale_and_add_up_to_the_logit(run):
    maps = class_maps(run, 0, [1, 2], size=9)
    assert np.abs(maps).max() == pytest.approx(1)
    cells = weighted_map(run.maps(0), run.array("class_weights")[1])
    logit = cells.mean() + run.array("class_bias")[1]
    assert logit == pytest.approx(run.array("logits")[0, 1], abs=1e-2)


def test_an_image_without_maps_is_refused(run):
    without = run.changed({"map_row": np.full(run.sizes["X"], -1)})
    with pytest.raises(MissingRunError, match="not kept"):
        ground(without, 0, 0)
