"""A region of the map: its text in a link, and which images lie inside."""

import numpy as np
import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.core.image_map.region import MAX_CORNERS, MapRegion


@pytest.mark.parametrize("text", ["120-340.560-780", "0-0.1000-0.500-1000"])
def test_a_region_is_its_text(text):
    assert str(MapRegion.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "120-340", "1-2.3", "1-2.3-1001", "-1-2.3-4", "1-2,3-4", "٣-1.2-2", "1-2." * 60 + "3-4"],
)
def test_what_is_no_region_is_refused(text):
    with pytest.raises(DataError, match="a region of the map is 2 to 48 corners"):
        MapRegion.parse(text)


def test_a_box_holds_what_lies_between_its_corners_and_on_its_edge():
    points = np.array([[0.1, 0.2], [0.3, 0.4], [0.2, 0.3], [0.31, 0.3], [0.2, 0.1]])
    assert MapRegion.parse("300-200.100-400").contains(points).tolist() == [True] * 3 + [False] * 2


def crossings(corners, point) -> bool:
    """Return whether a ray to the right crosses an odd number of edges, edge by edge."""
    col, row = point
    n = 0
    for (col_a, row_a), (col_b, row_b) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (row_a > row) != (row_b > row):
            n += col < col_a + (row - row_a) / (row_b - row_a) * (col_b - col_a)
    return n % 2 == 1


@pytest.mark.parametrize("seed", range(5))
def test_a_lasso_holds_what_the_even_odd_rule_says(seed):
    rng = np.random.default_rng(seed)
    region = MapRegion(tuple(map(tuple, rng.integers(0, 1000, (7, 2)).tolist())))
    points = rng.random((400, 2)).astype(np.float32)
    expected = [crossings(list(region.corners), 1000 * point) for point in points]
    assert region.contains(points).tolist() == expected
    assert 0 < sum(expected) < 400


def test_a_long_lasso_keeps_its_shape_in_few_corners_and_fits_into_a_link():
    turn = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    drawn = 0.5 + 0.4 * np.column_stack([np.cos(turn), np.sin(turn)])
    region = MapRegion.around(drawn, is_box=False)
    assert len(region.corners) == MAX_CORNERS
    assert len(str(region)) < 500
    points = np.random.default_rng(0).random((5000, 2))
    is_inside = np.hypot(*(points - 0.5).T) < 0.4
    assert (region.contains(points) == is_inside).mean() > 0.99


def test_a_box_drawn_by_hand_loses_nothing_to_rounding_and_ends_at_the_edge():
    region = MapRegion.around(np.array([[0.1234, 0.5], [0.2, 1.7]]), is_box=True)
    assert str(region) == "123-500.200-1000"
    assert region.contains(np.array([[0.1234, 0.5]])).all()
