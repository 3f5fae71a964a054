"""Where a heatmap lies: on its part by the keypoint, on the object by the box or by activation."""

import numpy as np
import pytest

from fieldmarks.core.explanations.grounding import upsample, weighted_map
from fieldmarks.core.explanations.place import (
    GRID,
    ON_OBJECT,
    REACH,
    Place,
    box_of_object,
    object_by_activation,
    places,
)
from fieldmarks.core.run.one_image import one_image_run
from fieldmarks.core.run.part_columns import keypoint_columns


@pytest.mark.parametrize(
    ("distance", "share", "is_on", "what"),
    [
        (REACH - 0.01, 0.0, True, "part"),
        (REACH + 0.01, 1.0, False, "part"),
        (np.nan, ON_OBJECT, True, "object"),
        (np.nan, ON_OBJECT - 0.01, False, "object"),
        (np.nan, np.nan, None, "object"),
    ],
)
def test_a_keypoint_decides_before_the_object(distance, share, is_on, what):
    place = Place(distance, share, has_box=True)
    assert (place.is_on, place.what) == (is_on, what)


def test_distances_and_shares_are_those_of_a_slow_loop(run):
    columns, centres = keypoint_columns(run), run.array("cell_centres")
    n_parts = 0
    for x in range(5):
        row, ts = run.images.iloc[x], list(range(run.sizes["T"]))
        found = places(run, x, ts)
        for t in ts:
            cells = weighted_map(run.maps(x), run.array("evidence")[:, t])
            heat = upsample(cells, centres, GRID)
            i, j = np.unravel_index(heat.argmax(), heat.shape)
            keypoints = [run.array("parts")[x, p] for p in columns[t] if p >= 0]
            far = [np.hypot((i + 0.5) / GRID - r, (j + 0.5) / GRID - c) for r, c in keypoints]
            if far:
                assert found[t].distance == pytest.approx(min(far), abs=1e-5)
                n_parts += 1
            else:
                assert np.isnan(found[t].distance)
            inside = total = 0.0
            for i, j in np.ndindex(GRID, GRID):
                top = row["crop_top"] + (i + 0.5) / GRID * row["crop_side"] - row["bbox_top"]
                left = row["crop_left"] + (j + 0.5) / GRID * row["crop_side"] - row["bbox_left"]
                is_in = 0 <= top <= row["bbox_height"] and 0 <= left <= row["bbox_width"]
                total += max(0, heat[i, j])
                inside += max(0, heat[i, j]) * is_in
            if total > 0:
                assert found[t].share == pytest.approx(inside / total, abs=1e-4)
    assert n_parts > 10


def test_without_a_box_the_object_is_where_filters_are_active(run):
    maps = np.full((3, 4, 4), 0.1, np.float32)
    maps[:, 1, 2] = 5
    centres = np.stack(np.meshgrid(*2 * [(np.arange(4) + 0.5) / 4], indexing="ij"), axis=-1)
    found = object_by_activation(maps, centres, 16)
    rows, cols = np.nonzero(found)
    assert 4 <= rows.mean() <= 8
    assert 8 <= cols.mean() <= 12
    assert 0 < found.mean() < 0.5


@pytest.mark.parametrize(
    "changes",
    [
        {"bbox_width": np.nan},
        {"bbox_left": 5, "bbox_top": 5, "bbox_width": 90, "bbox_height": 90},
        {"bbox_left": 500},
        {"bbox_height": 0},
    ],
    ids=["no box", "the whole crop", "outside the crop", "no area"],
)
def test_a_box_that_says_nothing_is_none(run, changes):
    assert box_of_object(run, 0) is not None
    images = run.images.assign(**{name: np.float32(value) for name, value in changes.items()})
    assert box_of_object(run.changed(tables={"images": images}), 0) is None


def test_a_new_picture_has_no_box_and_no_keypoints(run):
    new = one_image_run(run, run.maps(0), run.array("pooled")[0], run.array("logits")[0])
    found = places(new, 0, [0, 1])
    assert all(np.isnan(place.distance) and not place.has_box for place in found.values())


def test_an_image_whose_maps_are_not_kept_has_no_places(run):
    kept = np.array(run.array("map_row"))
    kept[3] = -1
    assert places(run.changed({"map_row": kept}), 3, [0]) == {}
