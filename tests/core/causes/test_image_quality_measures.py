import io

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from fieldmarks.core.causes.image_quality_measures import (
    COLUMNS,
    blockiness,
    light,
    noise,
    plain_area,
    sharpness,
)
from fieldmarks.core.causes.image_quality_measures import quality as quality_of
from fieldmarks.core.errors import DataError
from fieldmarks.core.pictures.crop import Crop


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    """Made-up texture with edges, grey on average; uint8 of shape (96, 96, 3)."""
    rng = np.random.default_rng(0)
    blobs = gaussian_filter(rng.normal(size=(96, 96)), 2)
    luminance = 0.5 + 0.2 * np.sign(blobs) + 0.05 * blobs / blobs.std()
    return np.repeat((luminance.clip(0, 1) * 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture(scope="module")
def clouds() -> np.ndarray:
    """Smooth texture; uint8 of shape (240, 240, 3)."""
    blobs = gaussian_filter(np.random.default_rng(0).normal(size=(240, 240)), 10)
    grey = (127 + 60 * blobs / blobs.std()).clip(0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def quality(pixels):
    """Return the measures of a picture that is its own crop."""
    n_rows, n_columns = np.shape(pixels)[:2]
    return quality_of(pixels, Crop(0, 0, n_columns), (n_columns, n_rows))


def as_bytes(colours):
    return (np.clip(colours, 0, 1) * 255).astype(np.uint8)


def test_every_quality_column_of_the_contract_is_measured_within_its_range(photograph):
    rng = np.random.default_rng(1)
    extremes = [np.zeros((9, 8, 3)), np.full((9, 8, 3), 255), rng.integers(0, 2, (9, 8, 3)) * 255]
    for pixels in [photograph, *extremes]:
        values = quality(pixels.astype(np.uint8))
        assert tuple(values) == COLUMNS
        of_light = [values.pop("light_red"), values.pop("light_blue")]
        assert all(abs(value) <= np.log(255) + 1e-6 for value in of_light)
        assert all(0 <= value <= 1 for value in values.values())


def test_a_blurred_image_is_less_sharp_the_more_it_is_blurred(photograph):
    values = [
        quality(as_bytes(gaussian_filter(photograph / 255, (s, s, 0))))["sharpness"]
        for s in (0, 1, 2, 4)
    ]
    assert values == sorted(values, reverse=True)
    assert values[0] - values[-1] > 0.2


def test_an_enlarged_small_image_is_less_sharp(photograph):
    enlarged = np.kron(photograph[::8, ::8], np.ones((8, 8, 1), np.uint8))
    smooth = as_bytes(gaussian_filter(enlarged / 255, (4, 4, 0)))
    assert quality(smooth)["sharpness"] < quality(photograph)["sharpness"] - 0.2


def test_motion_blur_along_one_axis_is_seen(photograph):
    moved = as_bytes(gaussian_filter(photograph / 255, (0, 5, 0)))
    assert quality(moved)["sharpness"] < quality(photograph)["sharpness"] - 0.2


def test_the_standard_deviation_of_added_noise_is_recovered(photograph):
    rng = np.random.default_rng(2)
    smooth = gaussian_filter(photograph[..., 0] / 255, 2)
    for sigma in (0.02, 0.05, 0.1):
        assert noise(smooth + rng.normal(0, sigma, smooth.shape)) == pytest.approx(sigma, rel=0.1)


def test_a_tint_is_told_by_red_and_blue_over_green(photograph):
    assert light(photograph) == (0, 0)
    red, blue = light(as_bytes(photograph / 255 * [1, 0.8, 0.4]))
    assert red == pytest.approx(np.log(1 / 0.8), abs=0.02)
    assert blue == pytest.approx(np.log(0.4 / 0.8), abs=0.02)
    assert light(np.zeros((4, 4, 3), np.uint8)) == (0, 0)


def test_the_light_is_that_of_minkowski_means():
    pixels = np.random.default_rng(0).integers(0, 256, (9, 8, 3)).astype(np.uint8)
    red, green, blue = (np.mean((pixels[..., i] / 255.0) ** 6) ** (1 / 6) for i in range(3))
    assert light(pixels) == pytest.approx((np.log(red / green), np.log(blue / green)))


def test_sharpness_equals_a_slow_loop_over_pixels():
    rng = np.random.default_rng(3)
    image = rng.uniform(size=(13, 15))
    effects = []
    for lines in (image, image.T):
        total = lost = 0.0
        for k in range(lines.shape[1]):
            line = lines[:, k]
            padded = np.pad(line, 5, mode="symmetric")
            blurred = [padded[i : i + 11].mean() for i in range(len(line))]
            for i in range(len(line) - 1):
                before, after = abs(line[i + 1] - line[i]), abs(blurred[i + 1] - blurred[i])
                total += before
                lost += max(before - after, 0)
        effects.append(lost / total)
    assert sharpness(image) == pytest.approx(min(effects))


def saved(pixels, quality: int, shift: int = 0, scale: float = 1.0):
    """Return a crop of a picture that was saved as JPEG: luminance, its square, the size."""
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, "JPEG", quality=quality)
    side = len(pixels) - shift
    square = Image.open(packed).convert("L").crop((shift, shift, len(pixels), len(pixels)))
    size = round(side * scale)
    resized = square.resize((size, size), Image.Resampling.BILINEAR)
    whole = (len(pixels), len(pixels))
    return np.asarray(resized) / np.float32(255), Crop(shift, shift, side), whole


@pytest.mark.parametrize(("shift", "scale"), [(0, 1), (3, 1), (0, 0.6), (5, 0.5), (5, 1.7)])
def test_blocks_of_jpeg_are_seen_wherever_the_crop_lies(clouds, shift, scale):
    spoilt, sound = (blockiness(*saved(clouds, q, shift, scale)) for q in (4, 95))
    assert spoilt > 0.3
    assert sound < 0.05


def test_blocks_on_another_grid_are_none(clouds):
    luminance, crop, size = saved(clouds, 4)
    assert blockiness(luminance, Crop(4, 4, crop.side), (size[0] + 4, size[1] + 4)) < 0.05


def test_the_edge_of_the_image_is_no_block(clouds):
    luminance = np.full((320, 320), 0.5, np.float32)  # filled past the edges of the image
    luminance[40:280, 40:280] = clouds[..., 0] / np.float32(255)
    around = Crop(-40, -40, 320), (240, 240)
    assert blockiness(luminance, *around) < 0.05
    luminance[40:280, 40:280] = saved(clouds, 4)[0]
    assert blockiness(luminance, *around) > 0.3


def test_blocks_of_fewer_than_two_pixels_cannot_be_seen():
    assert blockiness(np.random.default_rng(0).random((20, 20)), Crop(0, 0, 100), (100, 100)) == 0


def test_blockiness_equals_a_slow_sum():
    rng, crop = np.random.default_rng(0), Crop(3.0, 2.5, 30.0)
    luminance = rng.random((24, 24))
    coefficients = []
    for lines, start in ((luminance.T, crop.top), (luminance, crop.left)):
        total = on_grid = 0.0
        for i in range(23):
            change = np.mean([abs(line[i + 1] - line[i]) for line in lines])
            total += change
            on_grid += change * np.cos(2 * np.pi * (start + 30 / 24 * (i + 1)) / 8)
        coefficients.append(2 * on_grid / total)
    expected = max(np.mean(coefficients), 0)
    assert blockiness(luminance, crop, (40, 40)) == pytest.approx(expected)


def test_the_plain_area_is_that_of_a_thing_in_the_middle():
    luminance = np.random.default_rng(0).random((48, 48))
    luminance[10:30, 5:40] = 0.3
    whole = Crop(0, 0, 48), (48, 48)
    assert plain_area(luminance, *whole) == pytest.approx(18 * 24 / 24**2)
    around = np.full((48, 48), 0.9)  # snow around an object
    around[12:36, 12:36] = np.random.default_rng(0).random((24, 24))
    assert plain_area(around, *whole) < 0.01


def test_two_plain_areas_are_not_added():
    luminance = np.random.default_rng(0).random((40, 40))
    luminance[:18], luminance[22:] = 0.2, 0.8
    assert plain_area(luminance, Crop(0, 0, 40), (40, 40)) == pytest.approx(8 * 20 / 400)


def test_what_lies_past_the_edge_is_not_plain():
    luminance = np.random.default_rng(0).random((40, 40))
    luminance[:, :20] = 0.5
    assert plain_area(luminance, Crop(0, 0, 40), (40, 40)) == pytest.approx(0.5)
    assert plain_area(luminance, Crop(-50, 0, 100), (50, 100)) < 0.01
    assert plain_area(luminance, Crop(-1000, 0, 10), (50, 100)) == 0


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((4, 4, 3)), "got float64"),
        (np.zeros((4, 4), np.uint8), r"shape \(4, 4\): convert the image to RGB"),
        (np.zeros((4, 4, 4), np.uint8), "convert the image to RGB"),
        (np.zeros((1, 4, 3), np.uint8), "crop less"),
    ],
)
def test_other_pixels_are_refused_with_what_to_do(pixels, message):
    with pytest.raises(DataError, match=message):
        quality(pixels)
