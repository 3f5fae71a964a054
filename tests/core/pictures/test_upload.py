"""Pictures from strangers: what is refused, in which words, and what is made of the rest."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, features

from fieldmarks.core.errors import DataError
from fieldmarks.core.pictures.crop import FILL, Crop
from fieldmarks.core.pictures.decoding import Decoding
from fieldmarks.core.pictures.upload import MAX_BYTES, Upload

SIZE = (64, 48)


def encoded(kind: str = "PNG", mode: str = "RGB", size=SIZE, colour=None, **options) -> bytes:
    buffer = io.BytesIO()
    image = Image.new(mode, size, colour) if colour is not None else Image.new(mode, size)
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def photograph(seed: int = 0, size=SIZE) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def animation(kind: str) -> bytes:
    buffer = io.BytesIO()
    first, *others = (photograph(i) for i in range(3))
    first.save(buffer, kind, save_all=True, append_images=others)
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes whose header promises that many pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(
            ">I", zlib.crc32(kind + content)
        )  # fmt: skip

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 48\n(out) (w) file\n%%EOF\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a JPEG, PNG or WebP picture, got something else: save it as one of these"),
        (b"a letter, not a picture", "expected a JPEG, PNG or WebP"),
        (POSTSCRIPT, "expected a JPEG, PNG or WebP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "expected a JPEG, PNG or WebP"),
        (encoded("GIF", "P"), "expected a JPEG, PNG or WebP"),
        (encoded("TIFF"), "expected a JPEG, PNG or WebP"),
        (encoded("BMP"), "expected a JPEG, PNG or WebP"),
        (b"\0" * (MAX_BYTES + 1), "expected a picture of at most 10 MB, got 10.0 MB: make it"),
        (bomb(8000, 6000), "expected at most 40 megapixels, got 48: make the picture smaller"),
        (bomb(60_000, 60_000), "expected at most 40 megapixels, got far more"),
        (encoded(size=(1, 1)), "expected at least 16 pixels on each side, got 1 x 1: give a"),
        (encoded(size=(500, 2)), "expected at least 16 pixels on each side, got 500 x 2"),
        (animation("PNG"), "expected one picture, got an animation of 3: save one of them"),
        (animation("WEBP"), "expected one picture, got an animation of 3"),
    ],
)
def test_what_is_refused_before_a_pixel_is_decoded(content, message):
    with pytest.raises(DataError) as error:
        Upload(content)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_a_truncated_picture_is_one_line(kind, share):
    buffer = io.BytesIO()
    photograph().save(buffer, kind)
    content = buffer.getvalue()
    with pytest.raises(DataError, match=r"(is damaged|expected a JPEG)"):
        Upload(content[: int(len(content) * share)]).small(32)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_bytes_are_refused_or_a_picture(seed):
    rng = np.random.default_rng(seed)
    buffer = io.BytesIO()
    photograph().save(buffer, ("JPEG", "PNG", "WEBP")[seed % 3])
    content = bytearray(buffer.getvalue())
    for at in rng.integers(0, len(content), 20):
        content[at] = rng.integers(256)
    with contextlib.suppress(DataError):
        assert Upload(bytes(content)).small(16).mode == "RGB"


RED = (250, 10, 10)
GREY = (100, 100, 100)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (encoded("JPEG", colour=RED, quality=95), RED),
        (encoded("PNG", colour=RED), RED),
        (encoded("WEBP", colour=RED, lossless=True), RED),
        (encoded("JPEG", "CMYK", colour=(0, 0, 0, 0)), (255, 255, 255)),
        (encoded("JPEG", "L", colour=100), GREY),
        (encoded("PNG", "L", colour=100), GREY),
        (encoded("PNG", "1", colour=1), (255, 255, 255)),
        (encoded("PNG", "P", colour=0), (0, 0, 0)),
        (encoded("PNG", "LA", colour=(100, 255)), GREY),
        (encoded("PNG", "RGBA", colour=(250, 10, 10, 0)), RED),
        (encoded("WEBP", "RGBA", colour=(250, 10, 10, 0), lossless=True, exact=True), RED),
        (encoded("PNG", "I;16", colour=65535), (255, 255, 255)),
    ],
)
def test_every_kind_of_pixel_becomes_rgb(content, expected):
    upload = Upload(content)
    assert upload.size == SIZE
    pixels = np.asarray(upload.cut_out(Crop(0, 0, 48), 16))
    assert pixels.shape == (16, 16, 3)
    assert np.abs(pixels[4:12, 4:12].astype(int) - expected).max() <= 6


def test_transparency_is_laid_on_a_colour_where_the_run_does():
    content = encoded("PNG", "RGBA", colour=(250, 10, 10, 0))
    pixels = np.asarray(Upload(content, Decoding(alpha="grey")).cut_out(Crop(0, 0, 48), 16))
    assert (pixels == FILL).all()


def test_pillow_reads_what_is_offered():
    assert features.check("webp")
    assert features.check("jpg")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_the_camera_was_held_where_the_run_does(orientation):
    """The corner that is red when the picture is looked at is red in the crop."""
    upright = Image.new("RGB", (160, 96), (0, 0, 255))
    upright.paste((255, 0, 0), (0, 0, 48, 48))
    methods = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    back = {5: 5, 6: 2, 7: 6, 8: 4}.get(orientation, methods.get(orientation))
    stored = upright if orientation == 1 else upright.transpose(Image.Transpose(back))
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    stored.save(buffer, "JPEG", quality=95, exif=exif, subsampling=0)
    assert Upload(buffer.getvalue()).size == stored.size
    upload = Upload(buffer.getvalue(), Decoding(orientation="upright"))
    assert upload.size == (160, 96)
    for size in (8, 40):  # decoded at a smaller scale, and not
        pixels = np.asarray(upload.cut_out(Crop(0, 0, 96), size)).astype(int)
        assert pixels[1, 1, 0] > 200
        assert pixels[-2, -2, 2] > 200
        assert pixels[1, -2, 2] > 200
        assert pixels[-2, 1, 2] > 200


def test_the_small_picture_keeps_its_shape():
    upload = Upload(encoded(size=(640, 160), colour=RED))
    assert upload.small(100).size == (100, 25)
    assert upload.whole == (0, 0, 640, 160)
    assert np.asarray(upload.small(100)).min(axis=(0, 1)).tolist() == list(RED)


def test_nothing_is_written_to_disk(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a file was opened")

    content = encoded("JPEG", colour=RED)
    Upload(content).small(16)  # Pillow has read its plugins by now
    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("tempfile.mkstemp", refuse)
    Upload(content).cut_out(Crop(0, 0, 48), 16)
