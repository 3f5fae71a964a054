"""Where a heatmap lies: on its part by the keypoint, on the object by the box or by colour."""

import io

import numpy as np
import pytest
from PIL import Image

from fieldmarks.core.explanations.grounding import upsample, weighted_map
from fieldmarks.core.explanations.place import (
    GRID,
    REACH,
    Place,
    box_of_object,
    object_by_colour,
    places,
)
from fieldmarks.core.run.one_image import one_image_run
from fieldmarks.core.run.part_columns import keypoint_columns


@pytest.mark.parametrize(
    ("place", "is_on", "what"),
    [
        (Place(REACH, "keypoint"), True, "part"),
        (Place(REACH + 0.01, "keypoint"), False, "part"),
        (Place(0.1, "box", reach=0.1), True, "object"),
        (Place(0.11, "colour", reach=0.1), False, "object"),
    ],
)
def test_a_heatmap_lies_where_its_peak_is_near(place, is_on, what):
    assert (place.is_on, place.what) == (is_on, what)


def test_distances_are_those_of_a_slow_loop(run):
    columns, centres = keypoint_columns(run), run.array("cell_centres")
    points = (np.arange(GRID) + 0.5) / GRID
    n_by = {"keypoint": 0, "box": 0}
    parts = np.array(run.array("parts"))
    parts[3:] = np.nan
    run = run.changed({"parts": parts})
    for x in range(5):
        row, ts = run.images.iloc[x], list(range(run.sizes["T"]))
        found = places(run, x, ts)
        in_box = []
        for r in points:
            for c in points:
                top = row["crop_top"] + r * row["crop_side"] - row["bbox_top"]
                left = row["crop_left"] + c * row["crop_side"] - row["bbox_left"]
                if 0 <= top <= row["bbox_height"] and 0 <= left <= row["bbox_width"]:
                    in_box.append((r, c))
        for t in ts:
            cells = weighted_map(run.maps(x), run.array("evidence")[:, t])
            heat = upsample(cells, centres, GRID)
            i, j = np.unravel_index(heat.argmax(), heat.shape)
            to = [parts[x, p] for p in columns[t] if p >= 0 and np.isfinite(parts[x, p, 0])]
            by = "keypoint" if to else "box"
            if not to and heat.max() <= 0:
                assert t not in found
                continue
            far = min(np.hypot(points[i] - r, points[j] - c) for r, c in to or in_box)
            assert found[t].distance == pytest.approx(far, abs=1e-5)
            assert found[t].by == by
            n_by[by] += 1
            if by == "box":
                assert found[t].reach == 0.5 / min(run.maps(x).shape[1:])
    assert min(n_by.values()) > 5


def picture(colours: np.ndarray) -> bytes:
    """Return a picture as a file."""
    file = io.BytesIO()
    Image.fromarray(colours.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def field(rng) -> np.ndarray:
    """Return a background with other things in it, up to the border."""
    colours = rng.normal((240, 210, 180), 4, (120, 120, 3))
    for row, col in ((0, 10), (100, 5), (90, 95), (8, 100), (60, 0), (40, 100)):
        colours[row : row + 20, col : col + 20] = rng.normal((180, 140, 150), 4, (20, 20, 3))
    return np.clip(colours, 0, 255)


def test_the_object_is_what_has_other_colours_than_the_border():
    rng = np.random.default_rng(0)
    colours = field(rng)
    colours[50:80, 40:70] = (90, 50, 150)
    found = object_by_colour(picture(colours))
    assert found is not None
    true = np.zeros((120, 120), bool)
    true[50:80, 40:70] = True
    true = np.asarray(Image.fromarray(true).resize((GRID, GRID)))
    assert (found & true).sum() / (found | true).sum() > 0.8


@pytest.mark.parametrize("kind", ["nothing but background", "noise", "one colour"])
def test_without_an_object_of_its_own_colours_nothing_is_said(kind):
    rng = np.random.default_rng(0)
    colours = {
        "nothing but background": field(rng),
        "noise": rng.integers(0, 255, (120, 120, 3)),
        "one colour": np.full((120, 120, 3), 200),
    }
    assert object_by_colour(picture(colours[kind])) is None


def test_without_box_and_keypoint_colours_of_the_picture_tell(run):
    new = one_image_run(run, run.maps(0), run.array("pooled")[0], run.array("logits")[0])
    ts = list(range(run.sizes["T"]))
    heat = weighted_map(run.maps(0), np.asarray(run.array("evidence"), np.float32).T)
    heat = upsample(heat, run.array("cell_centres"), GRID)
    t = int(heat.reshape(len(ts), -1).max(axis=1).argmax())
    peak = np.unravel_index(heat[t].argmax(), (GRID, GRID))
    for at, is_on in ((peak, True), ([(i + GRID // 2) % GRID for i in peak], False)):
        colours = np.full((GRID, GRID, 3), 240)
        row, col = (int(np.clip(i, 8, GRID - 8)) for i in at)
        colours[row - 5 : row + 5, col - 5 : col + 5] = (90, 50, 150)
        found = places(new, 0, ts, picture=picture(colours))
        assert found[t].by == "colour"
        assert found[t].is_on == is_on


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


def test_nothing_is_said_where_nothing_tells(run):
    new = one_image_run(run, run.maps(0), run.array("pooled")[0], run.array("logits")[0])
    assert places(new, 0, [0, 1]) == {}
    assert places(new, 0, [0, 1], picture=picture(np.full((GRID, GRID, 3), 200))) == {}


def test_an_image_whose_maps_are_not_kept_has_no_places(run):
    kept = np.array(run.array("map_row"))
    kept[3] = -1
    assert places(run.changed({"map_row": kept}), 3, [0]) == {}
