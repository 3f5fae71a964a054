"""What a hostile or unlucky data set gets: one line, and nothing outside its folder is read."""

import io
import math
import os
import warnings

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets.folder import default_loader

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.attributes.extraction import Definition, extract
from fieldmarks.precompute.attributes.tagger import RuleTagger
from fieldmarks.precompute.data.captions import read_captions
from fieldmarks.precompute.data.crop import load_crop
from fieldmarks.precompute.data.duplicates import small_version
from fieldmarks.precompute.data.language import BIRDS
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from tests.support.cub_folder import PATHS, write_cub

BOX = (math.nan,) * 4
POSTSCRIPT = """%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 20 20
({mark}) (w) file closefile
0 0 20 20 rectfill showpage
"""


@pytest.fixture
def cub(tmp_path):
    folder = write_cub(tmp_path / "CUB_200_2011", n_images=8)
    for path in (folder / "images").rglob("*.jpg"):
        captions = tmp_path / "text_c10" / path.relative_to(folder / "images").with_suffix(".txt")
        captions.parent.mkdir(parents=True, exist_ok=True)
        captions.write_text("a bird with a red head.\n")
    return folder


def read(cub):
    return read_dataset(DataSource(cub, format="cub"))


def test_postscript_called_jpg_is_not_run(tmp_path):
    path, mark = tmp_path / "bird.jpg", tmp_path / "mark"
    path.write_text(POSTSCRIPT.format(mark=mark))
    _, crop, size = load_crop(path, BOX, 32)
    assert crop.problem.startswith("unreadable: cannot identify image file, none of JPEG, PNG")
    assert size == (0, 0)
    assert small_version(path) is None
    assert not mark.exists()


@pytest.mark.parametrize("kind", ["EPS", "ICNS", "PDF"])
def test_formats_that_nobody_needs_are_not_decoded(tmp_path, kind):
    path = tmp_path / "bird.jpg"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Image.new("RGB", (64, 64)).save(path, kind)
    assert "cannot identify" in load_crop(path, BOX, 32)[1].problem


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM"])
def test_formats_that_people_use_are_decoded(tmp_path, kind):
    path = tmp_path / "bird.jpg"
    picture = Image.new("RGB", (64, 64), (250, 0, 0))
    picture.paste((0, 0, 250), (0, 48, 64, 64))  # one of a single colour cannot be compared
    picture.save(path, kind)
    image, crop, _ = load_crop(path, (0, 0, 64, 64), 32)
    assert crop.problem == ""
    assert small_version(path) is not None
    assert np.asarray(image)[16, 16, 0] > 240


@pytest.mark.parametrize("side", [8_010, 12_000, 20_000])
def test_an_image_of_too_many_pixels_is_not_decoded(tmp_path, side):
    path = tmp_path / "bird.png"
    buffer = io.BytesIO()
    Image.new("1", (16, 16)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[16:24] = side.to_bytes(4, "big") * 2  # the header's width and height
    data[29:33] = _crc(data[12:29]).to_bytes(4, "big")
    path.write_bytes(data)
    _, crop, _ = load_crop(path, BOX, 32)
    assert crop.problem == "unreadable: more than 64 megapixels, make it smaller"


def _crc(data) -> int:
    import zlib

    return zlib.crc32(data)


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret.txt"
    path.write_text("a secret line.\n")
    return path


LINKED = ["images", "images/003.Red_Finch", "classes.txt", "images.txt",
          "parts/part_locs.txt", "image_class_labels.txt"]  # fmt: skip


@pytest.mark.parametrize("name", LINKED)
def test_a_link_out_of_the_data_folder_is_refused(cub, tmp_path, name):
    path, elsewhere = cub / name, tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    with pytest.raises(
        DataError, match=r"is a link to .*elsewhere.*, outside the data folder"
    ) as e:
        read(cub)
    assert "\n" not in str(e.value)


def test_a_link_to_a_picture_is_followed_and_told_and_one_to_text_refused(cub, tmp_path, secret):
    path, elsewhere = cub / "images" / PATHS[2], tmp_path / "elsewhere.png"
    Image.new("RGB", (40, 30), (200, 10, 10)).save(elsewhere)
    path.unlink()
    path.symlink_to(elsewhere)
    dataset = read_dataset(DataSource(cub))
    assert "1 images are links to pictures outside the data folder: followed" in dataset.problems
    (x,) = np.flatnonzero(dataset.images["path"] == PATHS[2])
    assert default_loader(dataset.path(x)).getpixel((0, 0)) == (200, 10, 10)
    elsewhere.write_bytes(elsewhere.read_bytes()[:60])
    with pytest.raises(DataError, match="outside the data folder"):
        read_dataset(DataSource(cub))
    path.unlink()
    path.symlink_to(secret)
    with pytest.raises(DataError, match="outside the data folder"):
        read_dataset(DataSource(cub))


def test_links_to_text_are_followed_where_the_user_says_so(cub, tmp_path):
    captions = cub.parent / "text_c10"
    file = (captions / PATHS[2]).with_suffix(".txt")
    elsewhere = tmp_path / "elsewhere.txt"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    (cub / "classes.txt").rename(tmp_path / "classes.txt")
    (cub / "classes.txt").symlink_to(tmp_path / "classes.txt")
    with pytest.raises(DataError, match="or add --follow-links if you trust the data"):
        read_dataset(DataSource(cub))
    dataset = read_dataset(DataSource(cub, follow_links=True))
    (x,) = np.flatnonzero(dataset.images["path"] == PATHS[2])
    assert list(dataset.words().lines)[x] == elsewhere.read_text().splitlines()


def test_a_data_folder_reached_by_a_link_and_links_within_it_are_read(cub, tmp_path):
    link = tmp_path / "by_link"
    link.symlink_to(cub)
    target = cub / "images" / PATHS[2]
    target.rename(target.with_name("moved.jpg"))
    target.symlink_to("moved.jpg")
    assert len(read(link).images) == 8


def test_a_caption_linked_to_another_file_is_refused(cub, secret):
    captions = cub.parent / "text_c10"
    file = (captions / PATHS[2]).with_suffix(".txt")
    file.unlink()
    file.symlink_to(secret)
    with pytest.raises(DataError, match=r"secret\.txt, outside the data folder"):
        read_captions(captions, list(PATHS.values()))


def test_class_folders_and_a_table_are_held_to_the_same(cub, tmp_path, secret):
    (cub / "images" / "003.Red_Finch" / "e.jpg").symlink_to(secret)
    with pytest.raises(DataError, match="outside the data folder"):
        read_dataset(DataSource(cub / "images", format="folders"))
    (cub / "images" / "metadata.csv").symlink_to(secret)
    with pytest.raises(DataError, match="outside the data folder"):
        read_dataset(DataSource(cub / "images", format="table"))


HOSTILE = {
    "an id of NaN": ("images.txt", "nan a.jpg\n", "line 1: expected an id"),
    "an infinite id": ("images.txt", "1e400 a.jpg\n", "line 1: expected an id"),
    "an id of 5,000 digits": ("images.txt", f"{'9' * 5000} a.jpg\n", "line 1: expected an id"),
    "NUL in a path": ("images.txt", "2 a\0b.jpg\n", "is not the path of a file"),
    "a path of no file": ("images.txt", "2 .\n", "is not the path of a file"),
    "a part's id of NaN": ("parts/part_locs.txt", "nan 1 5 5 1\n", "NaN or inf"),
    "a part's id of 1e400": ("parts/part_locs.txt", "2 1e400 5 5 1\n", "NaN or inf"),
    "a part of -inf": ("parts/part_locs.txt", "2 -inf 5 5 1\n", "NaN or inf"),
    "a huge label": ("image_class_labels.txt", f"2 {10**30}\n", "line 1: expected an id"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_numbers_and_paths_are_one_line(cub, case):
    name, text, message = HOSTILE[case]
    (cub / name).write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read(cub)
    assert "\n" not in str(caught.value)


def test_classes_numbered_beyond_32_bits_are_refused(cub):
    for name in ("classes.txt", "image_class_labels.txt"):
        text = (cub / name).read_text()
        swap = {
            "classes.txt": ("3 003", f"{2**40} 003"),
            "image_class_labels.txt": (" 3\n", f" {2**40}\n"),
        }
        (cub / name).write_text(text.replace(*swap[name]))
    with pytest.raises(DataError, match="expected classes numbered from"):
        read(cub)


def test_boxes_and_parts_of_huge_numbers_count_as_none(cub):
    (cub / "bounding_boxes.txt").write_text("2 1e300 -1e400 nan 5\n")
    (cub / "parts" / "part_locs.txt").write_text("2 1 1e300 5 1\n")
    dataset = read(cub)
    assert not np.isfinite(dataset.bbox(0)).all()
    assert np.isnan(dataset.parts[0, 0]).any()


@pytest.mark.slow
def test_more_captions_than_16_bits_hold_are_counted_to_the_end_of_them():
    lines = [["a bird with a red head."] * 65_600, ["a bird with a red head."]]
    extracted = extract(lines, Definition(BIRDS.nouns), min_images=1, tagger=RuleTagger())
    assert extracted.counts.toarray()[:, 0].tolist() == [65_535, 1]


def test_a_caption_file_of_ten_megabytes_is_left_out_and_told_of(cub):
    captions = cub.parent / "text_c10"
    (captions / PATHS[2]).with_suffix(".txt").write_bytes(b"a\n" * 5_000_001)
    words = read_captions(captions, list(PATHS.values()))
    assert words.lines[0] == []
    assert "is larger than 10 MB" in words.problems[0]
    assert os.sep not in words.problems[0].partition("/")[0]
