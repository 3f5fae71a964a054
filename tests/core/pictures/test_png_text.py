"""Text in a PNG says nothing of the picture: however much it is, the picture is read."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from fieldmarks.core.errors import DataError
from fieldmarks.core.pictures.png_text import without_text
from fieldmarks.core.pictures.upload import Upload
from fieldmarks.precompute.data.crop import load_crop
from fieldmarks.precompute.data.image_file import open_image


def picture(*texts, at_end=False):
    """Return a red PNG with compressed texts of so many megabytes each."""
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), (250, 0, 0)).save(buffer, "PNG")
    data = buffer.getvalue()
    chunks = b""
    for size in texts:
        content = b"comment\0\0" + zlib.compress(bytes([97]) * (size << 20), 9)
        crc = zlib.crc32(b"zTXt" + content).to_bytes(4, "big")
        chunks += len(content).to_bytes(4, "big") + b"zTXt" + content + crc
    place = len(data) - 12 if at_end else 33  # before the end, or after the header
    return data[:place] + chunks + data[place:]


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("texts", [(3,), (1,) * 70])
def test_large_text_is_skipped_and_the_picture_is_read(tmp_path, texts, at_end):
    content = picture(*texts, at_end=at_end)
    with (
        pytest.raises(ValueError, match=r"MAX_TEXT|[Tt]oo much memory"),
        Image.open(io.BytesIO(content)) as image,
    ):
        image.load()
    assert Upload(content).small(32).getpixel((5, 5)) == (250, 0, 0)
    (tmp_path / "a.png").write_bytes(content)
    image, crop, _ = load_crop(tmp_path / "a.png", (0, 0, 32, 32), 32)
    assert crop.problem == ""
    assert np.asarray(image)[16, 16].tolist() == [250, 0, 0]


def test_small_text_and_other_files_stay_as_they_are(tmp_path):
    note = PngImagePlugin.PngInfo()
    note.add_text("by", "somebody")
    for name, options in {"a.png": {"pnginfo": note}, "a.jpg": {}, "a.webp": {}}.items():
        path = tmp_path / name
        Image.new("RGB", (32, 32)).save(path, **options)
        with path.open("rb") as file:
            assert without_text(file) is file
            assert file.read() == path.read_bytes()
        with open_image(path) as image:
            assert image.size == (32, 32)


@pytest.mark.parametrize("cut", [9, 12, 33, 40, 60])
def test_a_file_that_ends_early_is_damaged_in_one_line(cut):
    with pytest.raises(DataError, match=r"damaged|something else"):
        Upload(picture(3)[:cut]).small(32)
