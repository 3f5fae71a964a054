"""What a network is fed is what its owner's own code fed it, to the pixel."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image, ImageOps
from torchvision import transforms
from torchvision.datasets.folder import default_loader
from torchvision.transforms import InterpolationMode

from fieldmarks.core.live.network_file import Fed
from fieldmarks.core.pictures.crop import FILL, cut_out, frame
from fieldmarks.core.pictures.decoding import Decoding, affected, to_rgb
from fieldmarks.core.pictures.upload import Upload
from fieldmarks.precompute.data.crop import load_crop, load_square
from fieldmarks.precompute.network.preprocessing import Preprocessing

S = 96
SIZES = [(200, 150), (150, 201), (97, 300), (640, 427), (96, 96), (60, 75), (333, 500)]
RESAMPLING = {
    "bilinear": InterpolationMode.BILINEAR,
    "bicubic": InterpolationMode.BICUBIC,
    "nearest": InterpolationMode.NEAREST,
}


def noise(size, mode: str = "RGB", seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    width, height = size
    if mode == "I;16":
        return Image.fromarray(rng.integers(0, 4096, (height, width), np.uint16))
    if mode == "F":
        return Image.fromarray(rng.random((height, width), np.float32))
    channels = len(Image.new(mode, (1, 1)).getbands())
    shape = (height, width, channels) if channels > 1 else (height, width)
    return Image.fromarray(rng.integers(0, 256, shape, np.uint8), mode)


def saved(image: Image.Image, path, orientation: int = 1):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(path, exif=exif)
    return path


MODES = [("RGB", "png"), ("RGBA", "png"), ("LA", "png"), ("L", "png"), ("I;16", "png"),
         ("F", "tif"), ("RGB", "jpg"), ("RGBA", "webp")]  # fmt: skip


@pytest.mark.parametrize(("mode", "suffix"), MODES)
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_file_is_what_torchvisions_image_folder_makes_of_it(tmp_path, mode, suffix, orientation):
    path = saved(noise((50, 40), mode), tmp_path / f"a.{suffix}", orientation)
    with warnings.catch_warnings(), Image.open(path) as image:
        warnings.simplefilter("error")
        ours = np.asarray(to_rgb(image))
    np.testing.assert_array_equal(ours, np.asarray(default_loader(str(path))))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("interpolation", RESAMPLING)
@pytest.mark.parametrize("resize", [96, 110, 115])
def test_resize_and_centre_crop_are_those_of_torchvision(tmp_path, size, interpolation, resize):
    path = saved(noise(size), tmp_path / "a.png")
    expected = transforms.Compose(
        [transforms.Resize(resize, RESAMPLING[interpolation]), transforms.CenterCrop(S)]
    )
    fed = Preprocessing(crop="centre", crop_share=S / resize, interpolation=interpolation)
    pixels, crop, _ = load_crop(path, None, S, fed)
    np.testing.assert_array_equal(
        np.asarray(pixels), np.asarray(expected(default_loader(str(path))))
    )
    assert 0 <= crop.left < crop.left + crop.side <= size[0] + 1e-9
    assert 0 <= crop.top < crop.top + crop.rows <= size[1] + 1e-9


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("resize", [96, 112])
def test_a_squeezed_picture_is_that_of_torchvision(tmp_path, size, resize):
    path = saved(noise(size), tmp_path / "a.png")
    expected = transforms.Compose([transforms.Resize((resize, resize)), transforms.CenterCrop(S)])
    pixels, crop, _ = load_crop(path, None, S, Preprocessing(crop="squeeze", crop_share=S / resize))
    np.testing.assert_array_equal(
        np.asarray(pixels), np.asarray(expected(default_loader(str(path))))
    )
    assert (crop.side / size[0], crop.rows / size[1]) == pytest.approx((S / resize, S / resize))


@pytest.mark.parametrize("size", SIZES)
def test_a_whole_picture_is_resized_and_padded(tmp_path, size):
    pixels, _, _ = load_crop(saved(noise(size), tmp_path / "a.png"), None, S,
                             Preprocessing(crop="whole"))  # fmt: skip
    side = max(size)
    small = noise(size).resize([max(1, round(S * each / side)) for each in size],
                               Image.Resampling.BILINEAR)  # fmt: skip
    expected = Image.new("RGB", (S, S), FILL)
    expected.paste(small, (-round((small.width - S) / 2), -round((small.height - S) / 2)))
    np.testing.assert_array_equal(np.asarray(pixels), np.asarray(expected))


@pytest.mark.parametrize("alpha", ["grey", "white"])
def test_transparency_is_laid_on_a_colour_if_asked(alpha):
    picture = noise((20, 10), "RGBA")
    colour = {"grey": (128, 128, 128), "white": (255, 255, 255)}[alpha]
    pixels = np.asarray(picture, float)
    share = pixels[..., 3:] / 255
    expected = pixels[..., :3] * share + np.array(colour) * (1 - share)
    np.testing.assert_allclose(np.asarray(to_rgb(picture, Decoding(alpha=alpha))), expected, atol=1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_if_asked(tmp_path, orientation):
    path = saved(noise((30, 20)), tmp_path / "a.png", orientation)
    with Image.open(path) as image:
        ours = to_rgb(image, Decoding(orientation="upright"))
        expected = ImageOps.exif_transpose(image)
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(expected))


DEPTHS = [
    ("clip", [0, 100, 255, 300], [0, 100, 255, 255]),
    ("12", [0, 2048, 4095, 9000], [0, 128, 255, 255]),
    ("16", [0, 32768, 65535, 257], [0, 128, 255, 1]),
    ("unit", [0.0, 0.5, 1.0, 7.0], [0, 128, 255, 255]),
]


@pytest.mark.parametrize(("depth", "values", "seen"), DEPTHS)
def test_what_is_white_is_named_and_not_each_pictures_own_maximum(depth, values, seen):
    kind = np.float32 if depth == "unit" else np.uint16
    for part in (slice(0, 4), slice(0, 2)):  # without its brightest pixels it is the same
        image = Image.fromarray(np.array([values[part]], kind))
        pixels = np.asarray(to_rgb(image, Decoding(depth=depth)))
        np.testing.assert_array_equal(pixels[0, :, 0], seen[part])


def test_a_float_picture_with_holes_is_decoded():
    image = Image.fromarray(np.array([[np.nan, np.inf, -np.inf, 0.5]], np.float32))
    pixels = np.asarray(to_rgb(image, Decoding(depth="unit")))[0, :, 0]
    assert pixels.tolist() == [0, 255, 0, 128]


@pytest.mark.parametrize(
    ("image", "orientation", "expected"),
    [
        (noise((8, 8)), 1, []),
        (noise((8, 8)), 6, ["orientation"]),
        (noise((8, 8), "RGBA"), 1, ["alpha"]),
        (noise((8, 8)).convert("RGBA"), 1, []),
        (noise((8, 8), "LA"), 3, ["alpha", "orientation"]),
        (noise((8, 8), "I;16"), 1, ["depth"]),
    ],
)
def test_a_file_says_which_choices_matter_for_it(tmp_path, image, orientation, expected):
    loaded = load_square(saved(image, tmp_path / "a.png", orientation), None, 8)
    assert loaded.affected == expected
    assert load_square(tmp_path / "none.png", None, 8).affected == []


def test_a_palette_with_a_transparent_colour_is_affected():
    buffer = io.BytesIO()
    palette = Image.new("P", (8, 8))
    palette.putpalette([250, 10, 10])
    palette.save(buffer, "PNG", transparency=0)
    with Image.open(buffer) as image:
        assert affected(image) == ["alpha"]
        assert np.asarray(to_rgb(image))[0, 0].tolist() == [250, 10, 10]


@pytest.mark.parametrize("crop", ["centre", "whole", "squeeze", "box"])
@pytest.mark.parametrize("orientation", ["stored", "upright"])
@pytest.mark.parametrize("alpha", ["drop", "white"])
def test_the_page_try_and_a_run_see_the_same_pixels(tmp_path, crop, orientation, alpha):
    path = saved(noise((130, 90), "RGBA"), tmp_path / "a.png", 6)
    choices = Preprocessing(
        crop=crop, crop_share=0.875, interpolation="bicubic", alpha=alpha, orientation=orientation
    )
    of_run, _, _ = load_crop(path, None, S, choices)
    fed = Fed(crop, 0.875, "bicubic", S, choices.decoding)
    upload = Upload(path.read_bytes(), fed.decoding)
    tried = upload.cut_out(fed.square(upload.size, upload.whole), S, fed.interpolation)
    np.testing.assert_array_equal(np.asarray(tried), np.asarray(of_run))


@pytest.mark.parametrize("size", [(16, 33_500), (33_500, 16), (1, 5_000)])
@pytest.mark.parametrize("crop", ["whole", "centre", "squeeze", "box"])
def test_a_long_picture_takes_no_large_canvas(size, crop, monkeypatch):
    """Pillow's own memory is not seen from Python, so each picture that it makes is counted."""
    made = []
    new, resize = Image.new, Image.Image.resize

    def counted_new(mode, size, *args, **kwargs):
        made.append(size[0] * size[1])
        return new(mode, size, *args, **kwargs)

    def counted_resize(image, size, *args, **kwargs):
        made.append(size[0] * size[1])
        return resize(image, size, *args, **kwargs)

    picture = new("RGB", size, (200, 10, 10))
    monkeypatch.setattr(Image, "new", counted_new)
    monkeypatch.setattr(Image.Image, "resize", counted_resize)
    square = cut_out(picture, frame(*size, None, crop, 0.875, 224), 224)
    assert square.size == (224, 224)
    assert max(made) <= 16 * 224**2
    assert (np.asarray(square) == (200, 10, 10)).all(axis=2).any()


@pytest.mark.parametrize("box", [(0, 0, 16, 33_000), (-9_000, 10, 20_000, 16), (3, 33_400, 5, 90)])
def test_a_box_past_the_edge_of_a_long_picture_takes_no_large_canvas(box):
    picture = Image.new("RGB", (16, 33_500), (200, 10, 10))
    square = np.asarray(cut_out(picture, frame(16, 33_500, box, "box"), 224))
    is_there = (square == (200, 10, 10)).all(axis=2)
    assert is_there.any()
    assert (square[~is_there] == FILL).all()
