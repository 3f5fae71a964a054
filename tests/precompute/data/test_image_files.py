"""What counts as a picture, a class and a table in a folder, and that all else is told."""

import io
import json
import os
import time

import pandas as pd
import pytest
from PIL import Image

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.data.image_file import Skipped, image_files, open_image
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from tests.support.picture_folders import COLOURS, write_classes, write_picture


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def data(tmp_path):
    write_classes(tmp_path / "data", n=4)
    return tmp_path / "data"


def told(dataset, part: str) -> bool:
    return any(part in problem for problem in dataset.problems)


def encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 40), (200, 30, 30)).save(buffer, kind)
    return buffer.getvalue()


NAMES = [("a.jfif", "JPEG"), ("a.jpe", "JPEG"), ("a", "PNG"), ("a.avif", "AVIF"),
         ("a.JPG", "JPEG"), ("a.2024", "WEBP"), ("a.image", "TIFF"), ("a.pgm", "PPM"),
         ("a.dib", "BMP"), ("a.x", "GIF"), ("a.txt", "PNG")]  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), NAMES)
def test_a_picture_is_one_by_its_content(tmp_path, name, kind):
    (tmp_path / name).write_bytes(encoded(kind))
    skipped = Skipped()
    assert list(image_files(tmp_path, skipped)) == [name]
    assert skipped.told() == []
    with open_image(tmp_path / name) as image:
        assert image.size == (40, 40)


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
NO_PICTURES = {
    "not readable pictures": {
        "a.pdf": b"%PDF-1.4", "b.mp4": b"\0\0\0\x18ftypmp42", "c": b"", "d.svg": b"<svg/>",
        "e.ps": b"%!PS-Adobe", "f.bin": b"BM and no bitmap", "g.md": b"P3 is not a picture",
    },
    "HEIC pictures, which are not read": {"a.heic": HEIC, "b": HEIC},
    "hidden files": {"._a.jpg": b"\0\5\x16\7"},
}  # fmt: skip


@pytest.mark.parametrize("reason", NO_PICTURES)
def test_what_is_no_picture_is_counted_and_named(data, reason):
    files = NO_PICTURES[reason]
    for name, content in files.items():
        (data / "boot" / name).write_bytes(content)
    dataset = read_dataset(DataSource(data))
    assert len(dataset.images) == 12
    (line,) = [problem for problem in dataset.problems if reason in problem]
    assert line.startswith(f"{len(files)} ")
    assert f"boot/{sorted(files)[0]}" in line


@pytest.mark.timeout(60)
def test_pipes_devices_and_links_to_nothing_are_named_and_never_opened(data):
    os.mkfifo(data / "boot" / "pipe")
    os.mkfifo(data / "boot" / "pipe.png")
    (data / "boot" / "to_pipe.jpg").symlink_to("pipe")
    (data / "boot" / "gone.jpg2").symlink_to(data / "nowhere")
    dataset = read_dataset(DataSource(data))
    assert told(dataset, "3 files are not regular files: boot/pipe, boot/pipe.png, boot/to_")
    assert told(dataset, "1 files cannot be opened: boot/gone.jpg2")
    with pytest.raises(OSError, match="not a regular file"):
        open_image(data / "boot" / "pipe.png")


def test_captions_and_what_systems_leave_are_not_told(data):
    (data / "boot" / "0.txt").write_text("a boot")
    (data / "boot" / "Thumbs.db").write_bytes(b"\xd0\xcf")
    (data / "boot" / ".DS_Store").write_bytes(b"\0")
    dataset = read_dataset(DataSource(data))
    assert not [p for p in dataset.problems if "files" in p]
    (data / "boot" / "readme.txt").write_text("about boots")
    assert told(read_dataset(DataSource(data)), "1 files are not readable pictures: boot/rea")


def test_classes_of_unusual_files_are_classes(data):
    for i in range(4):
        (data / "hat").mkdir(exist_ok=True)
        write_picture(data / "hat" / f"{i}.png", seed=900 + i)
        (data / "hat" / f"{i}.png").rename(data / "hat" / f"{i}")
    assert read_dataset(DataSource(data)).class_names == ["boot", "cap", "hat", "sock"]


@pytest.mark.parametrize("below", ["", "train/"])
def test_an_empty_class_is_named(tmp_path, below):
    for split in ("train/", "test/") if below else ("",):
        write_classes(tmp_path, n=4, below=split)
    (tmp_path / below / "glove").mkdir()
    (tmp_path / below / "scarf").mkdir()
    (tmp_path / below / "scarf" / "notes.docx").write_bytes(b"PK")
    dataset = read_dataset(DataSource(tmp_path, test_share=0.25))
    assert told(
        dataset, f"2 class folders hold no picture that can be read: {below}glove, {below}sc"
    )


def test_folders_that_are_links_or_hidden_are_named(data, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (data / "mitten").symlink_to(tmp_path / "elsewhere")
    (data / ".git").mkdir()
    dataset = read_dataset(DataSource(data))
    assert told(dataset, "1 folders are links, which are not followed: mitten")
    assert told(dataset, "1 hidden folders: .git")


def write_metadata(folder, rows, suffix=".jsonl"):
    frame = pd.DataFrame(rows)
    if suffix == ".jsonl":
        (folder / "metadata.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    else:
        frame.to_csv(folder / "metadata.csv", index=False)


def test_metadata_in_split_folders_has_labels_and_captions(tmp_path):
    for split, n in (("train", 6), ("test", 3)):
        rows = []
        for i in range(n):
            write_picture(tmp_path / split / f"{i}.jpg", seed=100 * n + i)
            rows.append({"file_name": f"{i}.jpg", "label": "ab"[i % 2], "text": f"a {split} {i}"})
        write_metadata(tmp_path / split, rows)
    dataset = read_dataset(DataSource(tmp_path))
    assert dataset.class_names == ["a", "b"]
    assert dataset.images["is_train"].sum() == 6
    assert not dataset.is_split_drawn
    x = dataset.images["path"].tolist().index("test/2.jpg")
    assert dataset.words().lines[x] == ["a test 2"]
    assert told(dataset, "2 metadata tables are read, such as test/metadata.jsonl")


def test_metadata_in_class_folders_leaves_the_label_to_the_folder(data):
    for name in COLOURS:
        rows = [{"file_name": f"{i}.jpg", "colour": ["Red", "Blue"][i % 2]} for i in range(3)]
        write_metadata(data / name, rows, ".csv")
    dataset = read_dataset(DataSource(data))
    assert dataset.class_names == sorted(COLOURS)
    assert len(dataset.images) == 12
    assert dataset.is_split_drawn
    assert dataset.words().columns["colour"].tolist().count("Red") == 6
    assert told(dataset, "3 images are in no metadata table: their class is that of their folder")


def test_metadata_at_the_root_without_labels_leaves_them_to_class_folders(data):
    paths = [f"{name}/{i}.jpg" for name in COLOURS for i in range(3)]
    write_metadata(data, [{"file_name": path, "text": f"of {path}"} for path in paths])
    dataset = read_dataset(DataSource(data))
    assert dataset.class_names == sorted(COLOURS)
    assert len(dataset.images) == 9
    assert told(dataset, "3 images of the folder are not in the table, such as boot/3.jpg")


def test_a_metadata_table_that_leads_out_is_refused(data, tmp_path):
    (tmp_path / "secret.csv").write_text("file_name,label\n0.jpg,x\n")
    (data / "boot" / "metadata.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(DataError, match="outside the data folder"):
        read_dataset(DataSource(data))


def test_a_row_that_names_what_is_no_picture_says_so(tmp_path):
    for i in range(4):
        write_picture(tmp_path / f"{i}.jpg", seed=i)
    (tmp_path / "note.md").write_text("no picture")
    rows = [f"{i}.jpg,{'ab'[i % 2]}" for i in range(4)] + ["note.md,a", "gone.jpg,b"]
    (tmp_path / "t.csv").write_text("\n".join(["file_name,label", *rows]))
    problems = dict(read_dataset(DataSource(tmp_path / "t.csv")).images[["path", "problem"]].values)
    assert problems["note.md"] == "unreadable: no picture that can be read"
    assert problems["gone.jpg"] == "unreadable: no such file"


def test_names_that_are_no_text_are_named_and_the_others_are_read(data):
    content = (data / "cap" / "0.jpg").read_bytes()
    folder = os.fsencode(data)
    (data / "cap" / os.fsdecode(b"\xff.jpg")).write_bytes(content)
    os.mkdir(folder + b"/\xed\xa0\x80")  # noqa: PTH102  # a path of bytes
    (data / os.fsdecode(b"\xed\xa0\x80") / "0.jpg").write_bytes(content)
    row = json.dumps({"file_name": "0.jpg", "text": "a cap"})
    (data / os.fsdecode(b"\xed\xa0\x80") / "metadata.jsonl").write_text(row)
    dataset = read_dataset(DataSource(data))
    assert len(dataset.images) == 12
    assert told(dataset, r"1 files have names that are not UTF-8 (rename them): cap/\xff.jpg")
    assert told(dataset, r"1 folders have names that are not UTF-8 (rename them): \xed\xa0\x80")


def test_a_file_larger_than_any_picture_is_not_read(data):
    with (data / "cap" / "large.jpg").open("wb") as file:
        file.truncate(200 << 30)
    start = time.process_time()
    images = read_dataset(DataSource(data)).images
    assert time.process_time() - start < 10
    assert len(images) == 13
    with pytest.raises(OSError, match=r"it has 200\.0 GB: expected at most 1 GB"):
        open_image(data / "cap" / "large.jpg")
