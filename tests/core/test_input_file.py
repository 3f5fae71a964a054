"""What is read of a file that a user names: any usual encoding, regular files of bounded size."""

import os
import socket

import pytest

from fieldmarks.core.attributes.nouns import Nouns
from fieldmarks.core.errors import DataError, brief
from fieldmarks.core.input_file import (
    from_json,
    read_json,
    read_json_lines,
    read_rows,
    read_text,
    require_file,
)
from fieldmarks.core.review.accepted_synonyms import accepted_synonyms
from fieldmarks.precompute.attributes.synonyms import Synonyms
from fieldmarks.precompute.data.caption_file import captions_of
from fieldmarks.precompute.data.captions import read_captions
from fieldmarks.precompute.data.duplicates import duplicate_groups
from fieldmarks.precompute.data.image_file import open_image
from fieldmarks.precompute.data.language import Language, read_nouns
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.pipeline.class_order import read_class_list
from fieldmarks.precompute.resume.fingerprint import file_digest, listing
from tests.support.cub_folder import write_cub
from tests.support.picture_folders import write_classes

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text_is_read_in_any_encoding_and_with_any_line_ends(tmp_path, encoding, end):
    path = tmp_path / "a.txt"
    path.write_bytes(end.join(["noun,number", "Größe,one", ""]).encode(encoding))
    assert read_text(path, "a list") == "noun,number\nGröße,one\n"
    assert read_rows(path, "a list") == (["noun", "number"], [(2, ["Größe", "one"])])


def test_a_byte_that_is_no_utf_8_is_read_as_windows_1252(tmp_path):
    (tmp_path / "a.txt").write_bytes("weiß, 5 €".encode("cp1252"))
    assert read_text(tmp_path / "a.txt", "a list") == "weiß, 5 €"


def pipe(path):
    os.mkfifo(path)


def sockets(path):
    with socket.socket(socket.AF_UNIX) as each:
        each.bind(str(path))


STRANGE = {
    "a pipe": pipe,
    "a socket": sockets,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_no_regular_file_is_named_and_never_opened(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)  # a socket's name is short
    path = tmp_path / "a"
    STRANGE[kind](path if kind != "a socket" else path.relative_to(tmp_path))
    monkeypatch.setattr("io.open", lambda *args, **kwargs: pytest.fail("it was opened"))
    with pytest.raises(DataError, match=f"expected a list at .*, found {kind}: give a regular"):
        require_file(path, "a list")


READERS = {
    "--data": lambda path, folder: read_dataset(DataSource(path)),
    "--captions": lambda path, folder: captions_of(path, ["a.jpg"], ["a"]),
    "--synonyms": lambda path, folder: Synonyms.load(path),
    "--synonyms, for the fingerprint": lambda path, folder: file_digest(path),
    "--nouns": lambda path, folder: Language(given=path).with_given(Nouns()),
    "nouns of a data set": lambda path, folder: read_nouns(folder),
    "--classes": lambda path, folder: read_class_list(path),
    "accepted synonyms": lambda path, folder: accepted_synonyms(path),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.jsonl"])
@pytest.mark.timeout(20)
def test_a_pipe_hangs_no_reader_of_users_files(tmp_path, reader, name):
    path = tmp_path / name
    os.mkfifo(path)
    if reader == "nouns of a data set":
        os.mkfifo(tmp_path / "nouns.csv")
    with pytest.raises(DataError, match="found a pipe: give a regular file"):
        READERS[reader](path, tmp_path)


@pytest.mark.timeout(60)
def test_pipes_and_devices_in_a_data_folder_are_told_and_hang_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_classes(tmp_path / "data", n=4)
    pipe_path, device = tmp_path / "data/cap/pipe.png", tmp_path / "data/cap/zero.png"
    os.mkfifo(pipe_path)
    device.symlink_to("/dev/zero")
    assert duplicate_groups([pipe_path, device]) == {}
    assert listing(tmp_path, "data/cap/pipe.png") == "data/cap/pipe.png"
    for path in (pipe_path, device):
        with pytest.raises(OSError, match="not a regular file"):
            open_image(path)
    dataset = read_dataset(DataSource(tmp_path / "data"))
    assert len(dataset.images) == 12
    assert "2 files are not regular files: cap/pipe.png, cap/zero.png" in dataset.problems


@pytest.mark.timeout(20)
def test_a_pipe_among_the_captions_is_left_out_and_told_of(tmp_path):
    os.mkfifo(tmp_path / "a.txt")
    (tmp_path / "b.txt").write_text("a red cap")
    words = read_captions(tmp_path, ["a.jpg", "b.jpg"])
    assert list(words.lines) == [[], ["a red cap"]]
    assert words.problems == ["a.txt: is not a regular file, left out"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["images.txt", "classes.txt", "bounding_boxes.txt"])
def test_a_pipe_among_the_files_of_cub_hangs_nothing(tmp_path, name):
    folder = write_cub(tmp_path / "CUB_200_2011")
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(DataError, match="found a pipe"):
        read_dataset(DataSource(folder, format="cub"))


def test_a_file_that_is_too_large_is_told_by_its_size_before_it_is_read(tmp_path):
    path = tmp_path / "nouns.csv"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DataError, match=r"of at most 16\.0 MB at .*, found 1024\.0 GB"):
        read_rows(path, "a list of nouns")
    with pytest.raises(DataError, match=r"of at most 1\.0 GB"):
        read_text(path, "a table")
    (tmp_path / "big.csv").symlink_to(path)
    with pytest.raises(DataError, match=r"of at most 1\.0 GB"):
        read_dataset(DataSource(tmp_path / "big.csv"))


BAD_JSON = {
    "no JSON": ("nothing", "cannot be read as JSON: Expecting value"),
    "nested too deeply": ("[" * 100_000, "cannot be read as JSON: it is nested too deeply"),
    "a number of 5,000 digits": ("9" * 5000, "cannot be read as JSON: Exceeds the limit"),
    "zero bytes": ("\0" * 8, "is no text"),
}


@pytest.mark.parametrize("case", BAD_JSON)
def test_bad_json_is_one_line(tmp_path, case):
    text, message = BAD_JSON[case]
    (tmp_path / "a.json").write_text(text)
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read_json(tmp_path / "a.json", "captions")
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match=r"is no text|line 1: "):
        read_json_lines(tmp_path / "a.jsonl", "captions")


def test_half_of_an_emoji_in_json_is_a_lost_character_wherever_it_stands():
    text = r'{"captions": ["a cap \ud83d", {"raw": "\uDE00"}], "\ud83d": "\ud83d\ude00"}'
    assert from_json(text) == {"captions": ["a cap �", {"raw": "�"}], "�": "😀"}


def test_a_line_separator_inside_json_ends_no_line(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"caption": "a\u2028b"}\n\n{"caption": "c"}\n')
    rows = read_json_lines(tmp_path / "a.jsonl", "captions")
    assert rows == [{"caption": "a\u2028b"}, {"caption": "c"}]


def test_a_message_shows_a_value_shortly_whatever_it_is():
    deep = []
    for _ in range(10_000):
        deep = [deep]
    assert brief(deep) == "a deeply nested list"
    assert len(brief({"bytes": b"\xff" * 10**6, "rows": ["a" * 1000] * 1000})) <= 60
    assert brief(10**5000) == "int"
