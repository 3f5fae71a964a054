import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from core.diagnosis.image_quality_measures import COLUMNS, colour_cast, noise, quality, sharpness
from core.errors import DataError


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    """Made-up texture with edges, grey on average; uint8 of shape (96, 96, 3)."""
    rng = np.random.default_rng(0)
    blobs = gaussian_filter(rng.normal(size=(96, 96)), 2)
    luminance = 0.5 + 0.2 * np.sign(blobs) + 0.05 * blobs / blobs.std()
    return np.repeat((luminance.clip(0, 1) * 255).astype(np.uint8)[..., None], 3, axis=2)


def as_bytes(colours):
    return (np.clip(colours, 0, 1) * 255).astype(np.uint8)


def test_every_quality_column_of_the_contract_is_measured_within_its_range(photograph):
    rng = np.random.default_rng(1)
    extremes = [np.zeros((9, 8, 3)), np.full((9, 8, 3), 255), rng.integers(0, 2, (9, 8, 3)) * 255]
    for pixels in [photograph, *extremes]:
        values = quality(pixels.astype(np.uint8))
        assert tuple(values) == COLUMNS
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


def test_a_pure_primary_is_the_strongest_cast_and_a_tint_raises_it(photograph):
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 255
    assert colour_cast(red) == pytest.approx(1)
    tinted = as_bytes(photograph / 255 * [1, 0.8, 0.5])
    assert colour_cast(tinted) > colour_cast(photograph) + 0.2


def test_the_colour_cast_is_the_spread_of_minkowski_means(photograph):
    light = [np.mean((photograph[..., i] / 255.0) ** 6) ** (1 / 6) for i in range(3)]
    spread = np.sqrt(sum((value - np.mean(light)) ** 2 for value in light) / (2 / 3))
    assert colour_cast(photograph) == pytest.approx(spread)


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
