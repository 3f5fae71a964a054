"""What a data set may be spoilt by, and the one line that says so."""

import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from fieldmarks.core.errors import DataError, FieldmarksError
from fieldmarks.precompute.attributes.extraction import Definition, extract
from fieldmarks.precompute.attributes.noun_classes import learn_nouns
from fieldmarks.precompute.attributes.tables.columns import with_columns
from fieldmarks.precompute.attributes.tagger import RuleTagger
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from tests.support.picture_folders import write_classes, write_picture, write_shop


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def shop(tmp_path, change=lambda frame: frame, **options):
    """Write a shop whose table is changed, and return how it is read."""
    table = write_shop(tmp_path, n=4)
    frame = change(pd.read_csv(table, dtype=str, keep_default_na=False))
    frame.to_csv(table, index=False)
    return DataSource(table, **{"images": tmp_path / "images", "label": "kind", **options})


def column(name, values):
    def change(frame):
        filled = [values[i % len(values)] for i in range(len(frame))]
        return frame.assign(**{name: filled})

    return change


def pictures_in_a_table(tmp_path, stored):
    """Write Parquet that holds its pictures, as Hugging Face's data sets do."""
    content = b"\xff\xd8" + bytes(range(256)) * 50
    rows = [{"image": stored(content), "label": ("cap", "boot")[i % 2]} for i in range(4)]
    pd.DataFrame(rows).to_parquet(tmp_path / "train.parquet")
    return DataSource(tmp_path / "train.parquet")


def labels_in_parquet(folder, labels):
    """Write Parquet whose label column holds what CSV cannot."""
    write_classes(folder, n=4)
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.jpg"))
    pd.DataFrame({"file_name": files, "label": [labels] * len(files)}).to_parquet(
        folder / "metadata.parquet"
    )
    return DataSource(folder / "metadata.parquet")


def one_hot(*columns):
    """Return a change to columns of 0 and 1 in place of the column of classes."""

    def change(frame):
        rows = frame[["id"]].copy()
        for i, values in enumerate(columns):
            rows[f"is_{i}"] = [values[n % len(values)] for n in range(len(frame))]
        return rows

    return change


REFUSED = {
    "several labels in a cell": (
        lambda p: shop(p, column("kind", ["boot|cap", "cap", "sock|boot", "sock"])),
        "'kind' holds several labels a picture, such as 'boot.cap' in row 1: .*not multi-label",
    ),
    "labels with commas, each alone elsewhere": (
        lambda p: shop(p, column("kind", ["boot", "cap", "boot, cap", "cap, boot"])),
        "such as 'boot, cap' in row 3",
    ),
    "a list of labels as text": (
        lambda p: shop(p, column("kind", ["['boot', 'cap']", "['cap']"])),
        "the column 'kind' holds several labels",
    ),
    "a list of labels": (
        lambda p: labels_in_parquet(p, ["boot", "cap"]),
        "the column 'label' holds several labels a picture",
    ),
    "several columns of 0 and 1": (
        lambda p: shop(p, one_hot("0110", "1010", "1000"), label=None),
        "columns is_0, is_1, is_2 give row 1 several labels: .* not multi-label ones",
    ),
    "one class in several columns": (
        lambda p: shop(p, one_hot("01", "10"), label=None),
        r"a column of 0 and 1 for each \(is_0, is_1\): write the name",
    ),
    "nothing there": (lambda p: DataSource(p / "nowhere"), "found nothing there"),
    "an empty folder": (lambda p: DataSource(p), "is not a data set that can be read"),
    "an unknown format": (lambda p: DataSource(p, format="magic"), "--format is one of"),
    "a reader that is not there": (
        lambda p: DataSource(p, format="no_such:reader"),
        "cannot be imported",
    ),
    "no images": (lambda p: shop(p, images=p / "none"), "expected a folder of images"),
    "images elsewhere": (lambda p: shop(p, images=p / "cache"), "expected a folder of images"),
    "pictures in place of names": (
        lambda p: pictures_in_a_table(p, lambda content: {"bytes": content, "path": None}),
        r"the column 'image' holds the pictures themselves, not the names of files",
    ),
    "bytes in place of names": (
        lambda p: pictures_in_a_table(p, lambda content: content),
        "the column 'image' holds the pictures themselves",
    ),
    "all names wrong": (
        lambda p: shop(p, column("id", ["x1", "x2"])),
        "none of the 12 files of the table are in",
    ),
    "a path that leads out": (
        lambda p: shop(p, column("id", ["../secret"])),
        "outside the image folder",
    ),
    "an unknown label column": (lambda p: shop(p, label="sort"), "--label sort: the table has no"),
    "no label column": (lambda p: shop(p, label=None), "expected a column of the classes"),
    "an unknown file column": (lambda p: shop(p, file_name="sku"), "--file-name sku"),
    "one class only": (
        lambda p: shop(p, column("kind", ["boot"])),
        "at least two classes in .*, found one: 'boot'. Give the folder that holds a folder for",
    ),
    "two labels of one image": (
        lambda p: shop(p, lambda f: pd.concat([f, f.head(1).assign(kind="cap")])),
        "expected one label an image",
    ),
    "an unknown split": (
        lambda p: shop(p, column("split", ["train", "spare"])),
        "expected splits among train",
    ),
    "a test split alone is split again, a strange share not": (
        lambda p: shop(p, test_share=1.5),
        "--test-share is above 0",
    ),
    "a box of three numbers": (
        lambda p: shop(p, column("bbox", ["1,2,3"])),
        "expected left, top, width and height",
    ),
    "two columns of one name": (
        lambda p: shop(p, lambda f: f.rename(columns={"usage": "colour"})),
        "two columns called 'colour'",
    ),
    "an empty table": (lambda p: shop(p, lambda f: f.head(0)), "expected rows in"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_gets_one_line(tmp_path, case):
    make, message = REFUSED[case]
    with pytest.raises(FieldmarksError, match=message) as caught:
        read_dataset(make(tmp_path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "names",
    [
        ["tench, Tinca tinca", "crane", "crane, bird", "boot; left", "[sic] boot"],
        ["black, boot", "red, boot", "black, cap", "red, cap"],
        ["men|shoes", "women|shoes", "men|hats", "women|hats"],
    ],
)
def test_names_with_commas_and_marks_are_classes(tmp_path, names):
    dataset = read_dataset(shop(tmp_path, column("kind", names)))
    assert sorted(dataset.class_names) == sorted(names)


TOLD = {
    "half of the names wrong": (
        lambda f: f.assign(id=[i if n % 2 else f"x{i}" for n, i in enumerate(f["id"])]),
        "6 of 12 images are missing, such as x1000",
    ),
    "rows without a label": (column("kind", ["", "boot", "cap", "sock"]), "3 rows have no kind"),
    "a class without training images": (
        lambda f: f.assign(split=["test" if k == "cap" else "train" for k in f["kind"]]),
        "1 classes have no training image: cap",
    ),
    "an image in two rows": (lambda f: pd.concat([f, f.head(2)]), "2 rows repeat an image of an"),
    "no split": (lambda f: f, "there is no split: 3 of 12 images are held out"),
    "a split that some rows lack": (column("split", ["train", "test", ""]), "4 images without"),
}


@pytest.mark.parametrize("case", TOLD)
def test_what_can_be_gone_on_with_is_told(tmp_path, case):
    change, told = TOLD[case]
    problems = read_dataset(shop(tmp_path, change)).problems
    assert any(told in problem for problem in problems), problems


def words_of(source):
    dataset = read_dataset(source)
    images = dataset.images
    return with_columns(
        dataset.words(),
        images["true_c"].to_numpy(),
        images["is_train"].to_numpy(),
        dataset.class_names,
    )


@pytest.mark.parametrize(
    "asked", [{"captions": Path("said.jsonl")}, {"text": "caption"}, {"attributes": "images"}]
)
def test_words_that_were_asked_for_and_say_nothing_are_refused(tmp_path, asked):
    silent = shop(tmp_path, lambda f: f[["id", "kind"]].assign(caption=""))
    assert not words_of(silent).counts.any()
    silent.check_wordless(9)
    with pytest.raises(DataError, match="all captions are empty and no column gives an attribute"):
        replace(silent, **asked).check_wordless(9)


def test_captions_of_another_language_say_what_to_look_at(tmp_path):
    german = column("caption", ["ein Schuh mit weißer Sohle", "eine Mütze aus Wolle"])
    words = words_of(shop(tmp_path, lambda f: german(f[["id", "kind"]])))
    assert any("do not look English" in problem for problem in words.problems)
    with pytest.raises(DataError, match="check that the captions are English"):
        extract(words.lines, Definition(learn_nouns([])), tagger=RuleTagger(), min_images=9)


def test_an_image_that_is_no_image_is_read_and_told_later(tmp_path):
    write_classes(tmp_path / "data", n=4)
    (tmp_path / "data" / "cap" / "broken.jpg").write_bytes(b"not a picture")
    Image.new("RGB", (1, 1)).save(tmp_path / "data" / "cap" / "dot.png")
    assert len(read_dataset(DataSource(tmp_path / "data")).images) == 14


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_read_in_seconds(tmp_path):
    n = 100_000
    for i in range(2):
        write_picture(tmp_path / "images" / f"{i}.jpg", seed=i)
    frame = pd.DataFrame(
        {
            "file_name": [f"{i}.jpg" for i in range(n)],
            "label": [f"class {i % 200}" for i in range(n)],
            "split": [("train", "test")[i // 200 % 2] for i in range(n)],
            "colour": [("Red", "Navy Blue", "Green")[i % 7 % 3] for i in range(n)],
            "name": [f"Zog Men Striped Thing {i}" for i in range(n)],
        }
    )
    frame.to_csv(tmp_path / "products.csv", index=False)
    start = time.process_time()
    words = words_of(DataSource(tmp_path / "products.csv", images=tmp_path / "images"))
    assert time.process_time() - start < 20
    assert words.counts.sum() == n
