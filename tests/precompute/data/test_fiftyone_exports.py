"""The three exports of FiftyOne for classification: files, labels and splits as they were."""

import json
import shutil
from pathlib import Path

import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.data.read import read_dataset
from fieldmarks.precompute.data.source import DataSource
from tests.support.picture_folders import COLOURS, write_classes

#: Not in the order of the alphabet.
NAMES = sorted(COLOURS, reverse=True)


@pytest.fixture
def pictures(tmp_path):
    """Pictures below ``data/`` with the names of classes, by the name of the file."""
    paths = write_classes(tmp_path / "classes", 8)
    (tmp_path / "export" / "data").mkdir(parents=True)
    labels = {}
    for i, path in enumerate(paths):
        shutil.copy(tmp_path / "classes" / path, tmp_path / "export" / "data" / f"{i:03d}.jpg")
        labels[f"{i:03d}"] = Path(path).parent.name
    return labels


def write_labels(export, labels, classes=None):
    (export / "labels.json").write_text(json.dumps({"classes": classes, "labels": labels}))


def found(export, **named):
    dataset = read_dataset(DataSource(export, **named))
    rows = zip(dataset.images["path"], dataset.images["true_c"], strict=True)
    return {Path(path).stem: dataset.class_names[c] for path, c in rows}, dataset


@pytest.mark.parametrize("kind", ["numbers", "names", "with confidence"])
def test_image_classification_dataset(pictures, tmp_path, kind):
    as_stored = {
        "numbers": lambda name: NAMES.index(name),
        "names": lambda name: name,
        "with confidence": lambda name: {"label": NAMES.index(name), "confidence": 0.5},
    }[kind]
    labels = {key: as_stored(name) for key, name in pictures.items()}
    write_labels(tmp_path / "export", labels, None if kind == "names" else NAMES)
    assert found(tmp_path / "export")[0] == pictures


def test_images_without_a_label_are_left_out(pictures, tmp_path):
    write_labels(tmp_path / "export", {**pictures, "000": None})
    labels, dataset = found(tmp_path / "export")
    assert labels == {key: name for key, name in pictures.items() if key != "000"}
    assert "1 rows have no label: left out" in dataset.problems


def samples_of(pictures, **more):
    return [
        {
            "filepath": f"data/{key}.jpg",
            "tags": ["checked", "train" if int(key) % 2 else "validation"],
            "metadata": {"_cls": "ImageMetadata", "width": 160},
            "ground_truth": {"_cls": "Classification", "tags": [], "label": name},
            "predictions": {"_cls": "Classification", "label": "boot", "confidence": 0.1},
            "colour": ("red", "blue")[int(key) % 3 == 0],
            "_media_type": "image",
            **more,
        }
        for key, name in pictures.items()
    ]


def test_the_whole_data_set(pictures, tmp_path):
    (tmp_path / "export" / "metadata.json").write_text(json.dumps({"name": "shop"}))
    (tmp_path / "export" / "samples.json").write_text(json.dumps({"samples": samples_of(pictures)}))
    labels, dataset = found(tmp_path / "export")
    assert labels == pictures
    is_train = dict(zip(dataset.images["path"], dataset.images["is_train"], strict=True))
    assert all(is_train[f"data/{key}.jpg"] == bool(int(key) % 2) for key in pictures)
    assert set(dataset.words().columns) == {"colour"}
    assert set(found(tmp_path / "export", label="ground_truth")[0].values()) == set(NAMES)


def test_class_folders_leave_out_what_has_no_label(tmp_path):
    paths = write_classes(tmp_path / "export", 8)
    (tmp_path / "export" / "_unlabeled").mkdir()
    shutil.copy(tmp_path / "export" / paths[0], tmp_path / "export" / "_unlabeled" / "x.jpg")
    _, dataset = found(tmp_path / "export")
    assert dataset.class_names == sorted(NAMES)
    assert len(dataset.images) == len(paths)
    assert "1 images of _unlabeled have no label: left out" in dataset.problems


SEVERAL = {"_cls": "Classifications", "classifications": []}
BAD = {
    "several labels": (
        lambda e, p: write_labels(e, {key: [0, 1] for key in p}, NAMES), "several labels a picture"
    ),
    "a number too high": (lambda e, p: write_labels(e, dict.fromkeys(p, 9), NAMES), "label 9 of"),
    "no labels": (lambda e, p: write_labels(e, [1, 2]), "expected labels by the names"),
    "several in a field": (
        lambda e, p: samples(e, samples_of(p, ground_truth=SEVERAL)), "several labels a picture"
    ),
    "no field of labels": (
        lambda e, p: samples(e, [{"filepath": "data/000.jpg"}]), "expected a Classification as"
    ),
    "no samples": (lambda e, p: samples(e, 3), "expected samples in"),
}  # fmt: skip


def samples(export, value):
    (export / "samples.json").write_text(json.dumps({"samples": value}))


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_read_is_one_line(pictures, tmp_path, case):
    write, message = BAD[case]
    write(tmp_path / "export", pictures)
    label = "ground_truth" if case == "several in a field" else None
    with pytest.raises(DataError, match=message) as caught:
        read_dataset(DataSource(tmp_path / "export", label=label))
    assert "\n" not in str(caught.value)
