"""Layouts of known data sets: COCO, Karpathy, CelebA, AwA2, and captions in one file."""

import json

import numpy as np
import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.core.pictures.crop import square_crop
from fieldmarks.precompute.attributes.noun_classes import keypoints_by_name
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from tests.support.picture_folders import write_classes, write_picture


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def write_json(path, data):
    path.write_text(json.dumps(data))
    return path


@pytest.fixture
def coco(tmp_path):
    for i in range(6):
        write_picture(tmp_path / f"{i}.jpg", seed=i)
    images = [{"id": 10 + i, "file_name": f"{i}.jpg"} for i in range(6)]
    boxes = [
        {"image_id": 10 + i, "category_id": 1 + i % 2, "bbox": [1, 2, 30, 20]} for i in range(6)
    ]
    boxes.append({"image_id": 10, "category_id": 2, "bbox": [0, 0, 3, 3]})
    kinds = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    return write_json(
        tmp_path / "all.json", {"images": images, "annotations": boxes, "categories": kinds}
    )


def test_an_image_of_coco_is_its_largest_object(coco):
    dataset = read_dataset(DataSource(coco))
    assert dataset.class_names == ["cat", "dog"]
    assert dataset.images["true_c"].tolist() == [0, 1] * 3
    assert dataset.bbox(0) == (1, 2, 30, 20)


def with_keypoints(path, names=("left_eye", "right_eye", "tail")):
    data = json.loads(path.read_text())
    data["categories"][0]["keypoints"] = list(names)
    for i, each in enumerate(data["annotations"][:6:2]):
        each["keypoints"] = [5 + i, 3, 2, 9, 4, 2, 0, 0, 0] if i else [5, 3, 2, 9, 4, 1, 20, 8, 2]
    return write_json(path, data)


def test_keypoints_of_coco_are_parts_where_they_are_seen(coco):
    dataset = read_dataset(DataSource(with_keypoints(coco)))
    assert dataset.part_names == ["left_eye", "tail", "right_eye"]
    assert dataset.parts.shape == (6, 3, 2)
    first, other = dataset.parts[0], dataset.parts[2]
    np.testing.assert_array_equal(first, [[3, 5], [8, 20], [np.nan, np.nan]])
    np.testing.assert_array_equal(other, [[3, 6], [np.nan, np.nan], [4, 9]])
    assert np.isnan(dataset.parts[1::2]).all()  # the other category has none
    nouns = keypoints_by_name(dataset.part_names)
    assert nouns == {"eye": ("left_eye", "right_eye"), "tail": ("tail",)}


def test_keypoints_that_do_not_fit_their_names_are_refused(coco):
    with pytest.raises(DataError, match=r"of the 1 keypoints of a category, found 9 numbers"):
        read_dataset(DataSource(with_keypoints(coco, names=("eye",))))


def test_captions_of_coco_are_read_beside_any_data_set(coco, tmp_path):
    captions = write_json(
        tmp_path / "captions.json",
        {
            "images": [{"id": 7, "file_name": "3.jpg"}],
            "annotations": [{"image_id": 7, "caption": " a brown  dog"}],
        },
    )
    words = read_dataset(DataSource(coco, captions=captions)).words()
    assert words.lines[3] == ["a brown dog"]
    assert words.n_missing == 5


def test_splits_and_sentences_of_karpathy_are_read(tmp_path):
    images = []
    for i in range(6):
        write_picture(tmp_path / "pictures" / f"{i}.jpg", seed=i)
        images.append(
            {
                "filepath": "pictures", "filename": f"{i}.jpg", "kind": "ab"[i % 2],
                "split": ("train", "restval", "test")[i // 2], "sentences": [{"raw": f"a {i}"}],
            }
        )  # fmt: skip
    path = write_json(tmp_path / "dataset.json", {"images": images})
    dataset = read_dataset(DataSource(path, label="kind"))
    assert dataset.images["is_train"].tolist() == [True] * 4 + [False] * 2
    assert dataset.words().lines[5] == ["a 5"]
    with pytest.raises(DataError, match="given by --label; they have filename, filepath, kind"):
        read_dataset(DataSource(path))


def test_celeba_has_one_attribute_as_class_and_the_others_as_words(tmp_path):
    rows = ["6", "Big_Nose Eyeglasses Smiling"]
    parts = []
    for i in range(6):
        write_picture(tmp_path / "img_align_celeba" / f"{i}.jpg", seed=i)
        rows.append(f"{i}.jpg  {1 if i % 3 else -1} {-1 if i % 2 else 1}  {1 if i % 2 else -1}")
        parts.append(f"{i}.jpg {0 if i < 4 else 2}")
    (tmp_path / "list_attr_celeba.txt").write_text("\n".join(rows) + "\n")
    (tmp_path / "list_eval_partition.txt").write_text("\n".join(parts) + "\n")
    dataset = read_dataset(DataSource(tmp_path, label="Smiling"))
    assert dataset.class_names == ["not smiling", "smiling"]
    assert dataset.images["is_train"].tolist() == [True] * 4 + [False] * 2
    assert list(dataset.words().columns) == ["Big_Nose", "Eyeglasses"]
    with pytest.raises(DataError, match="--label is one of CelebA's attributes"):
        read_dataset(DataSource(tmp_path))


def test_awa2_has_the_attributes_of_its_classes(tmp_path):
    write_classes(tmp_path / "JPEGImages", n=4)
    (tmp_path / "classes.txt").write_text(" 1\tboot\n 2\tcap\n 3\tsock\n")
    (tmp_path / "predicates.txt").write_text("1 brown\n2 furry\n")
    (tmp_path / "predicate-matrix-binary.txt").write_text("1 0\n0 1\n1 1\n")
    dataset = read_dataset(DataSource(tmp_path))
    words = dataset.words()
    assert words.annotated.level == "class"
    assert words.annotated.line(0) == "brown"
    assert words.annotated.counts.max() == 10
    assert "attributes belong to classes" in words.problems[0]


def test_json_lines_describe_images_and_classes(tmp_path):
    paths = write_classes(tmp_path / "data", n=3)
    rows = [
        {"file_name": paths[0], "captions": ["a tall boot"]},
        {"class": "cap", "text": "a round cap"},
    ]
    path = tmp_path / "captions.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    dataset = read_dataset(DataSource(tmp_path / "data", captions=path))
    words = dataset.words()
    said = dict(zip(dataset.images["path"], words.lines, strict=True))
    assert said["cap/1.jpg"] == ["a round cap"]
    assert "3 images have the description of their class" in words.problems[0]
    path.write_text('{"file_name": "elsewhere.jpg", "caption": "a hat"}\n{')
    with pytest.raises(DataError, match="cannot be read as JSON"):
        read_dataset(DataSource(tmp_path / "data", captions=path)).words()


def test_where_no_image_has_a_box_the_whole_is_used_and_nothing_is_amiss(tmp_path):
    write_classes(tmp_path / "data", n=3)
    assert read_dataset(DataSource(tmp_path / "data")).bbox(0) is None
    crop = square_crop(40, 20, None)
    assert (crop.left, crop.top, crop.side, crop.problem) == (0, -10, 40, "")
