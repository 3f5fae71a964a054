"""Which images a network is judged on: splits by folders, files and folds, and what is told."""

import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.data.duplicates import duplicate_groups
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.data.split import split_of
from tests.support.picture_folders import COLOURS, write_classes, write_picture, write_shop


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


SPLITS = {
    "train": ["train", "Training", "train_set", "train2014", "train-images", "trainset"],
    "validation": ["val", "valid", "dev", "validation", "val-00", "val 2017"],
    "test": ["test", "Testing", "eval", "test_set", "test.1"],
    None: ["test tube", "trainer", "train station", "protest", "latest", "evaluate", "value", "t",
           "train_red", "devil", "", "test-tube-rack"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("split", "name"), [(s, name) for s, names in SPLITS.items() for name in names]
)
def test_a_split_is_a_whole_name(split, name):
    assert split_of(name) == split


def told(dataset, part: str) -> bool:
    return any(part in problem for problem in dataset.problems)


def test_classes_called_like_splits_are_classes(tmp_path):
    for c, name in enumerate(["test tube", "train station", "valley"]):
        for i in range(4):
            write_picture(tmp_path / "data" / name / f"{i}.jpg", seed=10 * c + i)
    dataset = read_dataset(DataSource(tmp_path / "data"))
    assert dataset.class_names == ["test tube", "train station", "valley"]
    assert dataset.is_split_drawn


def test_a_class_called_train_among_others_is_a_class_and_told(tmp_path):
    for c, name in enumerate(["bus", "car", "train"]):
        for i in range(4):
            write_picture(tmp_path / "data" / name / f"{i}.jpg", seed=10 * c + i)
    dataset = read_dataset(DataSource(tmp_path / "data"))
    assert dataset.class_names == ["bus", "car", "train"]
    assert told(dataset, "train: treated as a class like the others")


def test_folders_beside_splits_are_no_classes(tmp_path):
    write_classes(tmp_path / "data", n=4, below="train/")
    write_classes(tmp_path / "data", n=2, below="test/")
    write_picture(tmp_path / "data" / "docs" / "logo.png", seed=9)
    write_picture(tmp_path / "data" / "docs" / "more" / "logo.png", seed=10)
    dataset = read_dataset(DataSource(tmp_path / "data"))
    assert dataset.class_names == sorted(COLOURS)
    assert dataset.images["is_train"].sum() == 12
    assert told(dataset, "docs is neither a split nor a class: 2 images left out")


@pytest.mark.parametrize("below", ["test/", "test/images/"])
def test_an_unlabelled_test_folder_is_told_and_the_split_is_drawn(tmp_path, below):
    write_classes(tmp_path / "data", n=6, below="train/")
    for i in range(5):
        write_picture(tmp_path / "data" / below / f"{i}.jpg", seed=500 + i)
    dataset = read_dataset(DataSource(tmp_path / "data"))
    assert dataset.class_names == sorted(COLOURS)
    assert dataset.is_split_drawn
    assert told(dataset, "5 images of test have no label")
    assert told(dataset, "there is no split: ")


def test_a_given_split_is_not_drawn(tmp_path):
    write_classes(tmp_path / "data", n=4, below="train/")
    write_classes(tmp_path / "data", n=2, below="test/")
    dataset = read_dataset(DataSource(tmp_path / "data"))
    assert not dataset.is_split_drawn
    assert dataset.problems == []


@pytest.mark.parametrize("kind", ["same bytes", "encoded again"])
def test_pictures_on_both_sides_of_a_given_split_are_told(tmp_path, kind):
    paths = write_classes(tmp_path / "data", n=4, below="train/")
    for path in paths[::2]:
        copy = tmp_path / "data" / path.replace("train/", "test/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        if kind == "same bytes":
            shutil.copy(tmp_path / "data" / path, copy)
        else:
            with Image.open(tmp_path / "data" / path) as image:
                image.resize((120, 96)).save(copy, quality=60)
    dataset = read_dataset(DataSource(tmp_path / "data"))
    assert told(dataset, "6 of 6 test images are training images too, identical or nearly so")


def test_of_many_files_only_the_same_bytes_are_equal(tmp_path):
    for i in range(4):
        write_picture(tmp_path / f"{i}.jpg", seed=i)
    shutil.copy(tmp_path / "1.jpg", tmp_path / "copy.jpg")
    with Image.open(tmp_path / "2.jpg") as image:
        image.save(tmp_path / "near.jpg", quality=60)
    files = [*sorted(tmp_path.glob("*.jpg")), tmp_path / "none.jpg"]
    near = {tuple(files[x].name for x in group) for group in duplicate_groups(files).values()}
    assert near == {("1.jpg", "copy.jpg"), ("2.jpg", "near.jpg")}
    same = {tuple(files[x].name for x in group) for group in duplicate_groups(files, 3).values()}
    assert same == {("1.jpg", "copy.jpg")}


def write_deep(path, seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    values = np.kron(rng.random((8, 8)), np.ones((12, 12)))
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "12 bits in 16":
        Image.fromarray((300 + 3000 * values).astype(np.uint16)).save(path.with_suffix(".png"))
    elif kind == "float in 0 to 1":
        Image.fromarray(values.astype(np.float32)).save(path.with_suffix(".tif"))
    elif kind == "black but for alpha":
        mask = (255 * values).astype(np.uint8)
        black = np.zeros((*mask.shape, 3), np.uint8)
        Image.fromarray(np.dstack([black, mask]), "RGBA").save(path.with_suffix(".png"))
    else:
        Image.new("RGB", (96, 96), (2, 2, 2)).save(path.with_suffix(".png"), pnginfo=_note(seed))


def _note(seed: int):
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("number", str(seed))
    return info


@pytest.mark.parametrize(
    "kind", ["12 bits in 16", "float in 0 to 1", "black but for alpha", "all of one colour"]
)
def test_pictures_that_look_alike_once_they_are_decoded_are_no_duplicates(tmp_path, kind):
    for c, name in enumerate(COLOURS):
        for i in range(20):
            write_deep(tmp_path / "data" / name / str(i), 100 * c + i, kind)
    dataset = read_dataset(DataSource(tmp_path / "data"))
    assert (~dataset.images["is_train"]).sum() == 18
    assert not told(dataset, "more than once")


def test_a_class_of_one_picture_many_times_is_split_all_the_same(tmp_path):
    for c, name in enumerate(COLOURS):
        for i in range(10):
            write_picture(tmp_path / "data" / name / f"{i}.jpg", seed=c)
    dataset = read_dataset(DataSource(tmp_path / "data"))
    assert (~dataset.images["is_train"]).sum() == 9
    assert told(dataset, "30 images occur more than once, identical or nearly so: so many")


LISTS = {
    "paths": ("held_out.txt", "{path}\n"),
    "paths without suffix": ("test.txt", "{stem}\n"),
    "below another folder": ("test_list.txt", "data/images/{path}\n"),
    "with class numbers": ("val.txt", "{path} 17\n"),
    "with splits": ("all.lst", "{path} test\n"),
    "a table": ("splits.csv", "{path},test\n"),
}


@pytest.mark.parametrize("case", LISTS)
def test_a_file_says_the_split(tmp_path, case):
    paths = write_classes(tmp_path / "data", n=4)
    name, line = LISTS[case]
    lines = [line.format(path=path, stem=path[:-4]) for path in paths[::4]]
    if case in ("with splits", "a table"):
        others = [
            line.format(path=path).replace("test", "train")
            for path in paths
            if path not in paths[::4]
        ]
        lines += others
    if case == "a table":
        lines.insert(0, "file_name,split\n")
    (tmp_path / name).write_text("".join(lines))
    dataset = read_dataset(DataSource(tmp_path / "data", split=str(tmp_path / name)))
    held_out = dataset.images["path"][~dataset.images["is_train"]]
    assert sorted(held_out) == sorted(paths[::4])
    assert not dataset.is_split_drawn
    assert told(dataset, f"the split is that of {name}: ")


def test_a_list_called_train_names_the_training_images(tmp_path):
    paths = write_classes(tmp_path / "data", n=4)
    kept = [path for path in paths if not path.endswith("0.jpg")]
    (tmp_path / "my_train.txt").write_text("\n".join(kept))
    dataset = read_dataset(DataSource(tmp_path / "data", split=str(tmp_path / "my_train.txt")))
    assert sorted(dataset.images["path"][dataset.images["is_train"]]) == sorted(kept)


def test_a_file_says_the_split_of_a_table(tmp_path):
    table = write_shop(tmp_path, n=4)
    (tmp_path / "test.txt").write_text("1000\n1001\n1002\n")
    source = DataSource(
        table, images=tmp_path / "images", label="kind", split=str(tmp_path / "test.txt")
    )
    dataset = read_dataset(source)
    held_out = dataset.images["path"][~dataset.images["is_train"]]
    assert sorted(held_out) == ["1000.jpg", "1001.jpg", "1002.jpg"]


@pytest.mark.parametrize(
    ("column", "values", "names"),
    [
        ("fold", ["0", "1", "2", "3"], ("0,1,2=train", "3=test")),
        ("split", ["0", "1", "2", "2"], ("0=train", "1=validation", "2=test")),
        ("is_train", ["1", "1", "1", "0"], ("1=train", "0=test")),
    ],
)
def test_folds_and_numbers_are_splits_by_a_mapping(tmp_path, column, values, names):
    table = write_shop(tmp_path, n=4)
    frame = pd.read_csv(table, dtype=str, keep_default_na=False).sort_values("id")
    frame[column] = [values[i // 3] for i in range(len(frame))]
    frame.to_csv(table, index=False)
    source = DataSource(
        table, images=tmp_path / "images", label="kind", split=column, split_names=names
    )
    dataset = read_dataset(source)
    assert not dataset.is_split_drawn
    tests = {
        v for v in values if any(v in n.split("=")[0].split(",") for n in names if "test" in n)
    }
    assert (~dataset.images["is_train"]).sum() == 3 * sum(v in tests for v in values)


REFUSED = {
    "no such file": (
        {"split": "nowhere.txt"},
        "the list or table that --split names at .*nowhere.txt, found none",
    ),
    "other images": ({"split": "others.txt"}, "names none of the 12 images, the first of which is"),
    "no columns": ({"split": "empty.csv"}, "expected columns of images .* and of splits"),
    "numbers without meaning": ({"split": "folds.csv"}, "say what each is by --split-names 0=test"),
    "a mapping of nothing": (
        {"split": "folds.csv", "split_names": ("0=train", "1=test", "7=test")},
        "says what '7' is, and no image has this split; there are 0, 1",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_of_splits_that_cannot_be_used_is_one_line(tmp_path, case):
    paths = write_classes(tmp_path / "data", n=4)
    (tmp_path / "others.txt").write_text("x.jpg\ny.jpg\n")
    (tmp_path / "empty.csv").write_text("a,b\n1,2\n")
    folds = [f"{path},{i % 2}" for i, path in enumerate(paths)]
    (tmp_path / "folds.csv").write_text("\n".join(["file_name,fold", *folds]))
    options, message = REFUSED[case]
    options = {**options, "split": str(tmp_path / options["split"])}
    with pytest.raises(DataError, match=message) as error:
        read_dataset(DataSource(tmp_path / "data", **options))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("names", [("0",), ("=test",), ("0=tests",)])
def test_a_mapping_that_says_nothing_is_refused(tmp_path, names):
    with pytest.raises(DataError, match="--split-names is NAMES=train or NAMES=validation"):
        DataSource(tmp_path, split_names=names)


def test_a_data_set_with_a_split_of_its_own_takes_no_file(tmp_path):
    from tests.support.cub_folder import write_cub

    (tmp_path / "test.txt").write_text("a.jpg\n")
    cub = write_cub(tmp_path / "CUB_200_2011")
    with pytest.raises(DataError, match="this data set has a split of its own"):
        read_dataset(DataSource(cub, split=str(tmp_path / "test.txt")))
