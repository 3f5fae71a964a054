import numpy as np
import pandas as pd
import pytest

from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.registry import dataset_formats, register_dataset
from fieldmarks.precompute.data.source import DataSource
from tests.support.cub_folder import write_cub
from tests.support.picture_folders import COLOURS, write_classes, write_picture, write_shop


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_class_folders_are_read_in_sorted_order_and_split_by_class(tmp_path):
    paths = write_classes(tmp_path / "data", n=10)
    dataset = read_dataset(DataSource(tmp_path / "data"))
    assert dataset.class_names == sorted(COLOURS)
    assert sorted(dataset.images["path"]) == sorted(paths)
    test = dataset.images[~dataset.images["is_train"]]
    assert test["true_c"].value_counts().to_dict() == {0: 3, 1: 3, 2: 3}
    assert "no split: 9 of 30 images are held out" in dataset.problems[0]
    again = read_dataset(DataSource(tmp_path / "data"))
    pd.testing.assert_frame_equal(dataset.images, again.images)


def test_split_folders_are_taken_as_they_are(tmp_path):
    for split, n in (("train", 4), ("val", 2), ("test", 3)):
        write_classes(tmp_path, n=n, below=f"{split}/")
    dataset = read_dataset(DataSource(tmp_path))
    assert len(dataset.images) == 21
    assert dataset.images["is_train"].sum() == 12
    assert dataset.problems == ["6 images of the validation split: left out"]


def test_equal_and_nearly_equal_pictures_stay_on_one_side(tmp_path):
    from PIL import Image

    write_classes(tmp_path / "data", n=20)
    copies = {}
    for name in COLOURS:
        for i in range(5):
            path = tmp_path / "data" / name / f"{i}.jpg"
            copy = path.with_name(f"{i}_copy.jpg")
            with Image.open(path) as image:
                image.resize((120, 96)).save(copy, quality=60)
            copies[f"{name}/{i}.jpg"] = f"{name}/{copy.name}"
        write_picture(tmp_path / "data" / name / "twin_a.jpg", seed=7)
    dataset = read_dataset(DataSource(tmp_path / "data", test_share=0.5))
    side = dict(zip(dataset.images["path"], dataset.images["is_train"], strict=True))
    assert all(side[a] == side[b] for a, b in copies.items())
    assert len({side[f"{name}/twin_a.jpg"] for name in COLOURS}) == 1
    assert any("33 images occur more than once" in problem for problem in dataset.problems)


def test_a_table_names_files_by_number_and_classes_by_a_column(tmp_path):
    table = write_shop(tmp_path)
    dataset = read_dataset(DataSource(table, images=tmp_path / "images", label="kind"))
    assert dataset.class_names == ["boot", "cap", "sock"]
    assert set(dataset.images["path"]) == {p.name for p in (tmp_path / "images").iterdir()}
    assert (dataset.images["problem"] == "").all()


@pytest.mark.parametrize("suffix", ["", ".jpg"])
def test_a_table_names_files_in_class_folders_by_number(tmp_path, suffix):
    for c, name in enumerate(COLOURS):
        for i in range(2):
            write_picture(tmp_path / "images" / name / f"{10 * c + i}.jpg", seed=10 * c + i)
            write_picture(tmp_path / "images" / name / "cover.jpg", seed=100 + c)
    rows = [
        {"id": f"{10 * c + i}{suffix}", "label": name, "maker": i}
        for c, name in enumerate(COLOURS)
        for i in range(2)
    ]
    pd.DataFrame([*rows, {"id": "cover", "label": "none"}]).to_csv(tmp_path / "t.csv", index=False)
    dataset = read_dataset(DataSource(tmp_path / "t.csv", images=tmp_path / "images"))
    images = dataset.images[dataset.images["problem"] == ""]
    # a name that several files have stands for none of them
    assert set(images["path"]) == {
        f"{name}/{10 * c + i}.jpg" for c, name in enumerate(COLOURS) for i in range(2)
    }
    assert (dataset.images["problem"] != "").sum() == 1


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".tsv"])
def test_a_metadata_table_in_the_folder_is_found_whatever_its_kind(tmp_path, suffix):
    paths = write_classes(tmp_path, n=2)
    frame = pd.DataFrame(
        {
            "file_name": paths,
            "label": [path.split("/")[0] for path in paths],
            "split": ["train", "test"] * 3,
            "text": [f"a {path[0]} one" for path in paths],
            "bbox": ["1, 2, 20, 10"] * 6,
        }
    )
    path = tmp_path / f"metadata{suffix}"
    if suffix == ".parquet":
        frame.to_parquet(path)
    elif suffix == ".jsonl":
        frame.assign(bbox=[[1, 2, 20, 10]] * 6).to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, index=False, sep="," if suffix == ".csv" else "\t")
    dataset = read_dataset(DataSource(tmp_path))
    assert dataset.images["is_train"].tolist() == [True, False] * 3
    assert dataset.bbox(0) == (1, 2, 20, 10)
    assert dataset.words().lines[0] == ["a b one"]
    assert DataSource(path).name == tmp_path.name


def test_a_folder_of_cub_is_recognised(tmp_path):
    write_cub(tmp_path / "CUB_200_2011")
    assert read_dataset(DataSource(tmp_path / "CUB_200_2011")).class_ids == [3, 11]


def test_a_reader_that_is_registered_is_asked_by_name(tmp_path):
    images = pd.DataFrame(
        {"path": ["a", "b", "c"], "true_c": [0, 1, 1], "is_train": [True, True, False]}
    ).assign(problem="")

    @register_dataset("only_a_test")
    def read(source):
        parts = np.empty((3, 0, 2))
        return Dataset(source.data, images, [0, 1], ["a", "b"], [], parts)

    assert "only_a_test" in dataset_formats()
    assert read_dataset(DataSource(tmp_path, format="only_a_test")).class_names == ["a", "b"]
    assert not read_dataset(DataSource(tmp_path, format="only_a_test")).words().counts.any()
