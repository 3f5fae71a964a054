import warnings

import numpy as np
import pytest
from PIL import Image

from fieldmarks.core.pictures.crop import FILL, Crop, square_crop
from fieldmarks.core.run.contract import UNREADABLE
from fieldmarks.precompute.data.crop import load_crop, parts_in_crop
from fieldmarks.precompute.network.preprocessing import Preprocessing


@pytest.mark.parametrize(
    ("bbox", "expected"),
    [
        ((10, 20, 40, 20), Crop(10, 10, 40)),
        ((60, 10, 40, 60), Crop(50, 10, 60)),
        ((0, 0, 100, 80), Crop(0, -10, 100)),
        ((-20, 20, 60, 30), Crop(0, 15, 40, "bounding box past the edge, clipped")),
        ((70, 60, 50, 40), Crop(70, 55, 30, "bounding box past the edge, clipped")),
        ((200, 20, 40, 20), Crop(0, -10, 100, "bounding box outside the image, used whole")),
        ((10, 20, 0, 20), Crop(0, -10, 100, "bounding box outside the image, used whole")),
        ((10, 20, -5, 20), Crop(0, -10, 100, "bounding box outside the image, used whole")),
        ((np.nan, 20, 5, 20), Crop(0, -10, 100, "no bounding box, used whole")),
        ((10, 20, np.inf, 20), Crop(0, -10, 100, "no bounding box, used whole")),
    ],
)
def test_the_square_stands_around_the_box(bbox, expected):
    assert square_crop(100, 80, bbox) == expected


def test_a_margin_widens_the_square_on_each_side():
    assert square_crop(100, 80, (40, 30, 20, 10), margin=0.1) == Crop(38, 23, 24)


def test_a_box_off_by_a_rounded_pixel_is_no_problem():
    assert square_crop(100, 80, (10, 20, 91, 20)).problem == ""


@pytest.fixture
def scene(tmp_path):
    """A white square on black: rows 20 to 40, columns 30 to 50 of an 80 x 60 image."""
    pixels = np.zeros((60, 80, 3), np.uint8)
    pixels[20:40, 30:50] = 255
    path = tmp_path / "scene.png"
    Image.fromarray(pixels).save(path)
    return path


def test_a_crop_shows_what_the_box_holds(scene):
    image, crop, size = load_crop(scene, (30, 20, 20, 20), 10)
    assert size == (80, 60)
    assert crop == Crop(30, 20, 20)
    assert image.size == (10, 10)
    assert np.asarray(image)[1:-1, 1:-1].min() == 255


def test_past_the_edge_there_is_grey(scene):
    image, crop, _ = load_crop(scene, (0, 0, 80, 60), 40)
    pixels = np.asarray(image)
    assert crop.top == -10
    assert (pixels[:4] == FILL).all()
    assert (pixels[-4:] == FILL).all()
    assert (pixels[7:33, :10] == 0).all()
    assert (pixels[17:23, 17:23] == 255).all()


def test_a_jpeg_decoded_at_a_reduced_scale_shows_the_same(tmp_path):
    ramp = np.linspace(0, 255, 801).astype(np.uint8)
    pixels = np.stack([np.tile(ramp, (603, 1))] * 3, axis=-1)
    Image.fromarray(pixels).save(tmp_path / "large.png")
    Image.fromarray(pixels).save(tmp_path / "large.jpg", quality=95)
    for bbox in [(101, 51, 401, 333), (301, 101, 500, 501)]:
        exact, crop, _ = load_crop(tmp_path / "large.png", bbox, 32)
        fast, fast_crop, size = load_crop(tmp_path / "large.jpg", bbox, 32)
        assert fast_crop == crop
        assert size == (801, 603)
        difference = np.abs(np.asarray(exact, int) - np.asarray(fast, int))
        assert difference.max() <= 3


@pytest.mark.parametrize("mode", ["L", "1", "LA", "P", "CMYK", "RGBA", "I;16", "I", "F"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    grey = np.tile(np.linspace(60, 180, 40).astype(np.uint8), (40, 1))
    if mode == "I;16":
        image = Image.fromarray(grey.astype(np.uint16) * 257)
    elif mode in ("I", "F"):
        image = Image.fromarray(grey.astype(np.int32 if mode == "I" else np.float32))
    else:
        image = Image.fromarray(np.stack([grey] * 3, axis=-1)).convert(mode)
    path = tmp_path / ("image.tif" if mode in ("CMYK", "I", "F") else "image.png")
    image.save(path)
    depth = Preprocessing(depth="16" if mode == "I;16" else "clip")
    crop_image, crop, _ = load_crop(path, (0, 0, 40, 40), 20, depth)
    pixels = np.asarray(crop_image, int)
    assert crop_image.mode == "RGB"
    assert not crop.problem.startswith(UNREADABLE)
    assert pixels[:, -5:].mean() > pixels[:, :5].mean() + 50


def test_a_grey_image_says_so(tmp_path):
    Image.new("L", (40, 40), 90).save(tmp_path / "grey.jpg")
    image, crop, _ = load_crop(tmp_path / "grey.jpg", (-20, 0, 40, 40), 8)
    assert crop.problem == "grey image; bounding box past the edge, clipped"
    assert np.asarray(image).max() <= FILL[0]


@pytest.mark.parametrize(("alpha", "seen"), [("drop", (255, 0, 0)), ("grey", FILL)])
def test_a_palette_with_transparency_is_read_as_asked(tmp_path, alpha, seen):
    image = Image.new("P", (10, 10), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.save(tmp_path / "palette.png", transparency=bytes([0, 255]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fed = Preprocessing(alpha=alpha)
        crop_image, _, _ = load_crop(tmp_path / "palette.png", (0, 0, 10, 10), 4, fed)
    assert (np.asarray(crop_image) == seen).all()


@pytest.mark.parametrize(
    ("orientation", "size", "box"),
    [("stored", (80, 60), (30, 20, 20, 20)), ("upright", (60, 80), (20, 30, 20, 20))],
)
def test_boxes_are_of_the_picture_as_it_is_decoded(scene, tmp_path, orientation, size, box):
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(scene) as image:
        image.save(tmp_path / "turned.jpg", exif=exif, quality=100)
    fed = Preprocessing(orientation=orientation)
    image, crop, decoded_size = load_crop(tmp_path / "turned.jpg", box, 10, fed)
    assert decoded_size == size
    assert crop == Crop(*box[:3])
    assert np.asarray(image)[1:-1, 1:-1].min() > 240


def damaged(tmp_path, kind):
    path = tmp_path / "bird.jpg"
    noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    Image.fromarray(noise).save(path, quality=95)
    content = path.read_bytes()
    if kind == "missing":
        path.unlink()
    elif kind == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes({"truncated": content[:2000], "empty": b"", "text": b"hello"}[kind])
    return path


@pytest.mark.parametrize(
    ("kind", "reason", "size"),
    [
        ("missing", "no such file", (0, 0)),
        ("truncated", "truncated", (80, 60)),
        ("empty", "cannot identify image file", (0, 0)),
        ("text", "cannot identify image file", (0, 0)),
        ("folder", "it is not a regular file", (0, 0)),
    ],
)
def test_an_unreadable_image_is_a_grey_square_with_a_reason(tmp_path, kind, reason, size):
    image, crop, original_size = load_crop(damaged(tmp_path, kind), (0, 0, 80, 60), 16)
    assert (np.asarray(image) == FILL).all()
    assert crop.problem.startswith(UNREADABLE)
    assert reason in crop.problem
    assert str(tmp_path) not in crop.problem
    assert "\n" not in crop.problem
    assert original_size == size
    assert crop.side > 0


def test_parts_move_into_the_unit_square_of_the_crop():
    parts = np.array([[20, 30], [40, 50], [10, 40], [30, 51], [np.nan, np.nan]])
    inside = parts_in_crop(parts, Crop(left=30, top=20, side=20))
    assert inside.dtype == np.float32
    np.testing.assert_array_equal(inside[:2], [[0, 0], [1, 1]])
    assert np.isnan(inside[2:]).all()


def test_a_part_lies_where_the_pixel_lies(scene):
    image, crop, _ = load_crop(scene, (20, 10, 60, 50), 60)
    rows, columns = np.nonzero(np.asarray(image)[..., 0] > 200)
    seen = (rows.mean() + 0.5) / 60, (columns.mean() + 0.5) / 60
    centre_of_square = np.array([[30.0, 40.0]])
    np.testing.assert_allclose(parts_in_crop(centre_of_square, crop)[0], seen, atol=0.01)
