"""FiftyOne's samples.json: as its importer reads it."""

import json

import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.review.fiftyone import image_folder, to_fiftyone
from fieldmarks.core.review.report import report_rows


@pytest.fixture(scope="module")
def samples(faulty):
    xs = faulty.failures
    row = {"pattern": "wrong label", "note": "=1", "tags": ["a, b", "c"], "author": "Ana"}
    path = faulty.images["path"][xs[0]]
    verdicts = pd.DataFrame([{**row, "is_reviewed": True, "version": 2}], index=[path])
    return json.loads(to_fiftyone(faulty, report_rows(faulty, xs, verdicts)))["samples"]


def test_each_image_has_a_path_and_its_labels(faulty, samples):
    names = faulty.classes["name"].to_numpy()
    for x, sample in zip(faulty.failures, samples, strict=True):
        row = faulty.images.iloc[x]
        assert sample["filepath"].endswith(row["path"])
        assert sample["ground_truth"] == {"_cls": "Classification", "label": names[row["true_c"]]}
        assert sample["predictions"]["label"] == names[row["predicted_c"]]
        assert sample["predictions"]["confidence"] == pytest.approx(row["confidence"], abs=1e-4)
        assert isinstance(sample["tags"], list)


def test_tags_and_verdicts_go_with_it(samples):
    assert samples[0]["tags"] == ["a, b", "c", "reviewed"]
    assert samples[0]["verdict"] == {"_cls": "Classification", "label": "wrong label"}
    assert samples[0]["note"] == "=1"
    assert samples[1]["verdict"] is None
    assert samples[1]["tags"] == []


def test_a_run_without_diagnoses_has_none(run):
    samples = json.loads(to_fiftyone(run, report_rows(run, np.array([1]), None)))["samples"]
    assert samples[0]["diagnosis"] is None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"data": "/d/CUB", "format": "cub", "images": None}, "/d/CUB/images"),
        ({"data": "/d/products.csv", "format": "table", "images": "/d/photos"}, "/d/photos"),
        ({"data": "/d/products.csv", "format": "table", "images": None}, "/d"),
        ({"data": "/d/folder", "format": "folders", "images": None}, "/d/folder"),
        ({}, "."),
    ],
)
def test_the_folder_of_the_images_is_that_of_the_data(run, source, expected):
    other = run.changed(manifest={**run.manifest, "settings": {"source": source}})
    assert str(image_folder(other)) == expected
