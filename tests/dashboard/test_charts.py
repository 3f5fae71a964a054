"""Charts and overlays: what is drawn is what was given."""

import io

import numpy as np
import pytest
from PIL import Image

from fieldmarks.dashboard.components import diverging_bars
from fieldmarks.dashboard.figures import charts, overlay

NAMES = ["red head", "long bill", "white belly"]


def photo(size: int = 64) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), (90, 90, 90)).save(buffer, "JPEG")
    return buffer.getvalue()


def opened(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_a_click_on_a_bar_knows_its_attribute():
    figure = charts.attribute_bars([7, 3, 9], np.array([0.5, 0.3, 0.2]), NAMES)
    (bars,) = figure.data
    assert list(bars.customdata) == [7, 3, 9]
    assert list(bars.x) == [0.5, 0.3, 0.2]


def test_bars_inside_the_null_band_are_faint():
    figure = charts.attribute_bars(
        [7, 3, 9], np.array([0.5, 0.3, 0.2]), NAMES, null_high=np.array([0.3, 0.3, 0.3])
    )
    band, bars = figure.data
    assert list(band.x) == [0.3, 0.3, 0.3]
    assert bars.marker.opacity[0] == 1
    assert bars.marker.opacity[2] < 1


def difference(ts, values):
    return diverging_bars.rows(ts, values, NAMES, lambda t: f"?t={t}", "p", active=ts[0])


def test_a_difference_falls_from_the_first_to_the_second_and_the_longest_bar_is_whole():
    bars = difference([7, 3, 9], np.array([-0.2, 0.1, 0.4]))
    assert [bar["href"] for bar in bars] == ["?t=9", "?t=3", "?t=7"]
    assert [bar["label"] for bar in bars] == ["white belly", "long bill", "red head"]
    assert [bar["length"] for bar in bars] == [1, 0.25, -0.5]
    assert [bar["active"] for bar in bars] == [False, False, True]


@pytest.mark.parametrize("values", [np.zeros(3), np.array([0.0, 0.0, 1e-13])])
def test_a_difference_of_nothing_has_short_bars(values):
    assert all(abs(bar["length"]) <= 0.1 for bar in difference([0, 1, 2], values))


def test_two_classes_stand_back_to_back():
    figure = charts.mirror_bars(
        [7, 3, 9], np.array([0.3, 0.2, 0.1]), np.array([0.1, 0.2, 0.3]), NAMES, ("A", "B")
    )
    first, second = figure.data
    assert list(first.x) == [0.3, 0.2, 0.1]
    assert list(second.x) == [-0.1, -0.2, -0.3]
    assert list(second.customdata) == [7, 3, 9]


def test_a_strip_draws_every_class_and_the_rest():
    figure = charts.strip_plot([np.ones(3), np.zeros(2)], ["A", "B"], [0, 1], np.ones(200))
    assert [box.y[0] for box in figure.data] == ["A", "B", "all other classes"]


def test_colours_grow_evenly_lighter_and_cold_places_are_transparent():
    table = overlay.colour_table().astype(float)
    lightness = table[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert np.all(np.diff(lightness) > -1)
    assert table[0, 3] == 0
    assert np.all(np.diff(table[:, 3]) >= 0)


def test_a_layer_is_the_heatmap_in_colour():
    heatmap = np.zeros((8, 8))
    heatmap[2, 5] = 1
    layer = opened(overlay.layer(heatmap))
    assert layer.shape == (8, 8, 4)
    assert layer[2, 5, 3] == 255
    assert layer[0, 0, 3] == 0


def test_a_spotlight_is_clear_where_it_is_hot_and_dark_elsewhere():
    heatmap = np.zeros((8, 8))
    heatmap[2, 5] = 1
    layer = opened(overlay.spotlight(heatmap))
    assert layer[2, 5, 3] == 0
    assert layer[0, 0, 3] > 200
    assert layer[..., :3].max() == 0


def test_a_blend_has_the_size_of_the_image_and_changes_only_hot_places():
    heatmap = np.zeros((16, 16))
    heatmap[:4, :4] = 1
    blended = opened(overlay.blend(photo(), heatmap)).astype(int)
    assert blended.shape == (64, 64, 3)
    assert np.abs(blended[4, 4] - 90).max() > 40
    assert np.abs(blended[50, 50] - 90).max() < 6


def test_no_opacity_is_the_image_itself():
    blended = opened(overlay.blend(photo(), np.ones((4, 4)), opacity=0)).astype(int)
    assert np.abs(blended - 90).max() < 4


def test_pictures_stand_side_by_side():
    assert opened(overlay.side_by_side([photo(), photo(), photo()])).shape == (64, 192, 3)


@pytest.mark.parametrize("at", [(0, 0), (55, 55), (20, 30), (0, 55)])
def test_the_active_box_holds_the_peak_and_stays_inside(at):
    heatmap = np.zeros((56, 56))
    row, col = at
    heatmap[max(0, row - 3) : row + 3, max(0, col - 3) : col + 3] = 0.8
    heatmap[at] = 1
    top, left, side = overlay.active_box(heatmap)
    assert 0 <= top <= row / 56 < top + side <= 1 + 1e-9
    assert 0 <= left <= col / 56 < left + side <= 1 + 1e-9
    assert side >= 0.25


def test_a_flat_heatmap_gives_the_whole_image():
    assert overlay.active_box(np.ones((8, 8))) == pytest.approx((0, 0, 1))


def test_a_crop_shows_its_box():
    image = np.zeros((100, 100, 3), np.uint8)
    image[50:, 50:] = 200
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    cropped = opened(overlay.crop(buffer.getvalue(), (0.5, 0.5, 0.5), size=40))
    assert cropped.shape == (40, 40, 3)
    assert cropped[10:, 10:].mean() > 190
    part = overlay.crop_heatmap(np.arange(16.0).reshape(4, 4), (0.5, 0.5, 0.5))
    np.testing.assert_array_equal(part, [[10, 11], [14, 15]])
