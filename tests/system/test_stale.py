"""What is computed again after a change, and that nothing else is."""

import os
import shutil
from dataclasses import replace
from unittest.mock import patch

import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.core.estimators import base
from fieldmarks.core.run.files import MANIFEST
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.scores.result import read_evaluation
from fieldmarks.precompute.network.settings import NetworkSettings
from fieldmarks.precompute.pipeline import chunks, inputs, pipeline
from fieldmarks.precompute.pipeline.more_maps import inputs_of_finished
from fieldmarks.precompute.pipeline.registry import STAGES
from fieldmarks.precompute.pipeline.rescore import rescore
from fieldmarks.precompute.pipeline.settings import Moved
from tests.support.tiny_birds import (
    CHUNK,
    N_IMAGES,
    computed,
    content,
    raised,
    run_tiny,
    tiny_settings,
    write_tiny_birds,
    write_tiny_checkpoint,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The birds and their finished run, computed once for all tests."""
    folder = write_tiny_birds(tmp_path_factory.mktemp("finished"))
    run_tiny(folder, folder / "runs")
    return folder


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """The same with diagnoses and scores."""
    folder = write_tiny_birds(tmp_path_factory.mktemp("scored"))
    run_tiny(folder, folder / "runs", is_scored=True)
    return folder


def copied(source, folder):
    """Copy birds and run, so that a test's first `run_tiny` has nothing to do."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
    manifest = folder / "runs" / "tiny" / MANIFEST
    manifest.write_text(manifest.read_text().replace(str(source), str(folder)))
    return folder


@pytest.fixture
def birds(finished, tmp_path):
    return copied(finished, tmp_path)


@pytest.fixture
def scored_birds(scored, tmp_path):
    return copied(scored, tmp_path)


def _image(folder):
    path = folder / "CUB_200_2011" / "images" / "001.Red_Finch" / "bird_0003.jpg"
    path.write_bytes((path.parent / "bird_0000.jpg").read_bytes())


def _caption(folder):
    path = folder / "text_c10" / "001.Red_Finch" / "bird_0003.txt"
    path.write_text("a bird with a yellow head.\n")


def _split(folder):
    path = folder / "CUB_200_2011" / "train_test_split.txt"
    path.write_text(path.read_text().replace("2 1\n", "2 0\n", 1))


def _box(folder):
    path = folder / "CUB_200_2011" / "bounding_boxes.txt"
    path.write_text(path.read_text().replace("4.0 2.0", "5.0 2.0", 1))


def _swap(folder):
    """Exchange two images and their captions that differ in nothing but what they hold."""
    images = folder / "CUB_200_2011" / "images" / "001.Red_Finch"
    one, other = images / "bird_0000.jpg", images / "bird_0003.jpg"
    length = max(path.stat().st_size for path in (one, other))
    data = [path.read_bytes().ljust(length, b"\0") for path in (one, other)]
    for path, held in zip((one, other), data, strict=True):
        path.write_bytes(held)
        os.utime(path, ns=(10**18, 10**18))


def _swap_back(folder):
    images = folder / "CUB_200_2011" / "images" / "001.Red_Finch"
    one, other = images / "bird_0000.jpg", images / "bird_0003.jpg"
    data = one.read_bytes(), other.read_bytes()
    for path, held in zip((other, one), data, strict=True):
        path.write_bytes(held)
        os.utime(path, ns=(10**18, 10**18))


def _checkpoint(folder):
    path = folder / "tiny.pth"
    stat = path.stat()
    write_tiny_checkpoint(path, seed=1)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size


def nothing(folder):
    """Change nothing."""


#: What says something of the whole run, and so depends on all of it.
SAID_OF_THE_WHOLE = {"diagnoses", "scores"}
FROM_ESTIMATES = {"estimates", "evidence", "explanations", "names", *SAID_OF_THE_WHOLE}
#: What reads the words of images, too.
FROM_WORDS = {"presence", "other_estimators", *FROM_ESTIMATES}
FROM_ACTIVATIONS = {"activations", "tables", "layout", "feeding", *FROM_WORDS}
#: What reads the files again, and the network.
FROM_FILES = {*FROM_ACTIVATIONS, "thumbnails", "live"}
#: What is done before the first run, the change, changed settings, and what is computed again.
CHANGES = {
    "nothing": (nothing, nothing, {}, set()),
    "workers": (nothing, nothing, {"workers": 1}, set()),
    "an image": (nothing, _image, {}, FROM_FILES),
    "two images of equal size and time exchanged": (_swap, _swap_back, {}, FROM_FILES),
    "a caption": (nothing, _caption, {}, {"attributes", "tables", *FROM_WORDS}),
    "the split": (nothing, _split, {}, {"attributes", "tables", "live", "feeding", *FROM_WORDS}),
    "a box": (nothing, _box, {}, FROM_FILES),
    "a checkpoint of equal size and time": (nothing, _checkpoint, {}, FROM_FILES),
    "rare attributes": (nothing, nothing, {"min_images": 8}, {"attributes", *FROM_WORDS}),
    "estimators": (
        nothing,
        nothing,
        {"estimators": ("literal",)},
        {"other_estimators", "scores"},
    ),
    "the default estimator": (
        nothing,
        nothing,
        {"estimators": ("ridge", "literal")},
        {"other_estimators", *FROM_ESTIMATES},
    ),
    "kept maps": (nothing, nothing, {"maps": "test"}, FROM_FILES),
    "thumbnails": (nothing, nothing, {"thumb_size": 20}, {"thumbnails"}),
    "the seed": (nothing, nothing, {"seed": 1}, {"names", "scores"}),
}


@pytest.mark.parametrize("n", [-3, 3])
def test_a_run_of_more_or_fewer_images_is_that_of_a_new_one(finished, tmp_path, n):
    birds = copied(finished, tmp_path / "birds")
    other = write_tiny_birds(tmp_path / "other", n_images=N_IMAGES + n)
    shutil.rmtree(birds / "CUB_200_2011")
    (other / "CUB_200_2011").rename(birds / "CUB_200_2011")
    run_tiny(birds, birds / "runs")
    run_tiny(birds, birds / "fresh")
    assert content(birds / "runs" / "tiny") == content(birds / "fresh" / "tiny")
    assert read_run(birds / "runs" / "tiny").sizes["X"] == N_IMAGES + n


@pytest.mark.parametrize("change", CHANGES)
def test_only_what_depends_on_a_change_is_computed_again(birds, change):
    prepare, apply, settings, expected = CHANGES[change]
    prepare(birds)
    run_tiny(birds, birds / "runs")
    before = content(birds / "runs" / "tiny")
    apply(birds)
    assert computed(run_tiny(birds, birds / "runs", **settings)) == expected
    after = content(birds / "runs" / "tiny")
    assert (after == before) == (not expected)
    run_tiny(birds, birds / "fresh", **settings)
    assert after == content(birds / "fresh" / "tiny")


VERSIONS_RAISED = {
    "attributes": {"attributes", *FROM_WORDS},
    "activations": FROM_FILES,
    "thumbnails": {"thumbnails"},
    "tables": {"tables", *SAID_OF_THE_WHOLE},
    "estimates": FROM_ESTIMATES,
    "presence": {"presence", "explanations", "names", *SAID_OF_THE_WHOLE},
    "explanations": {"explanations", *SAID_OF_THE_WHOLE},
    "evidence": {"evidence", *SAID_OF_THE_WHOLE},
    "feeding": {"feeding"},
    "names": {"names", "scores"},
    "other_estimators": {"other_estimators", "scores"},
    "layout": {"layout"},
    "live": {"live"},
    "diagnoses": {"diagnoses"},
    "scores": {"scores"},
}


@pytest.mark.parametrize("stage", VERSIONS_RAISED)
def test_a_raised_version_computes_the_stage_and_what_follows(birds, monkeypatch, stage):
    run_tiny(birds, birds / "runs")
    monkeypatch.setitem(STAGES, stage, raised(stage))
    assert computed(run_tiny(birds, birds / "runs")) == VERSIONS_RAISED[stage]
    assert run_tiny(birds, birds / "runs") == ["run 'tiny' is up to date"]


def test_a_raised_version_of_an_estimator_estimates_again(birds, monkeypatch):
    run_tiny(birds, birds / "runs")
    monkeypatch.setitem(base._VERSIONS, "ridge", 2)
    assert computed(run_tiny(birds, birds / "runs")) == {"other_estimators", "scores"}


def test_changed_triage_and_score_code_leaves_nothing_stale(scored_birds, monkeypatch):
    run_tiny(scored_birds, scored_birds / "runs", is_scored=True)
    run = read_run(scored_birds / "runs" / "tiny")
    scored = read_evaluation(run)
    monkeypatch.setattr("fieldmarks.core.causes.diagnosis.DECIDED", 2.0)  # nothing is ever decided
    monkeypatch.setattr(
        "fieldmarks.precompute.pipeline.stages.scores.evaluate",
        lambda run, seed: replace(scored, default_estimator="computed again"),
    )
    assert run_tiny(scored_birds, scored_birds / "runs", is_scored=True) == [
        "run 'tiny' is up to date"
    ]
    monkeypatch.setitem(STAGES, "diagnoses", raised("diagnoses"))
    assert computed(run_tiny(scored_birds, scored_birds / "runs", is_scored=True)) == {"diagnoses"}
    monkeypatch.setitem(STAGES, "scores", raised("scores"))
    assert computed(run_tiny(scored_birds, scored_birds / "runs", is_scored=True)) == {"scores"}
    after = read_run(scored_birds / "runs" / "tiny")
    assert (run.table("diagnoses")["pattern"] != "undecided").any()
    assert set(after.table("diagnoses")["pattern"]) <= {"", "undecided"}
    assert read_evaluation(after).default_estimator == "computed again"


def test_scores_of_another_seed_are_computed_again(scored_birds):
    run_tiny(scored_birds, scored_birds / "runs", is_scored=True)
    before = content(scored_birds / "runs" / "tiny")
    rescore(read_run(scored_birds / "runs" / "tiny"))
    assert content(scored_birds / "runs" / "tiny") == before
    rescore(read_run(scored_birds / "runs" / "tiny"), seed=7)
    assert content(scored_birds / "runs" / "tiny") != before
    assert computed(run_tiny(scored_birds, scored_birds / "runs", is_scored=True)) == {"scores"}
    assert content(scored_birds / "runs" / "tiny") == before


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("arrays/pooled.npy", {*FROM_FILES, "attributes"}),
        ("tables/diagnoses.parquet", {"diagnoses"}),
    ],
)
def test_a_run_without_its_files_is_made_again(scored_birds, file, stages):
    run_tiny(scored_birds, scored_birds / "runs", is_scored=True)
    before = content(scored_birds / "runs" / "tiny")
    (scored_birds / "runs" / "tiny" / file).unlink()
    assert computed(run_tiny(scored_birds, scored_birds / "runs", is_scored=True)) == stages
    assert content(scored_birds / "runs" / "tiny") == before


def test_what_could_not_be_scored_is_told_in_the_manifest_and_not_tried_again(scored_birds):
    path = scored_birds / "CUB_200_2011" / "images"
    for image in path.rglob("bird_*.jpg"):
        if int(image.stem[-4:]) % 2:
            image.write_bytes(b"")  # no image of the test split can be read
    said = run_tiny(scored_birds, scored_birds / "runs", is_scored=True)
    assert any(line.startswith("scores: left out, there is no test image") for line in said)
    manifest = read_run(scored_birds / "runs" / "tiny").manifest
    assert "no test image" in manifest["stages"]["scores"]["left_out"]
    assert read_evaluation(read_run(scored_birds / "runs" / "tiny")) is None
    again = run_tiny(scored_birds, scored_birds / "runs", is_scored=True)
    assert again == ["run 'tiny' is up to date"]


def test_a_run_with_captions_of_training_images_alone_is_finished(scored_birds):
    for text in (scored_birds / "text_c10").rglob("bird_*.txt"):
        if int(text.stem[-4:]) % 2:
            text.unlink()
    said = run_tiny(scored_birds, scored_birds / "runs", is_scored=True)
    assert any(line.startswith("scores: ") for line in said)
    run = read_run(scored_birds / "runs" / "tiny")
    n_captions, is_train = run.images["n_captions"], run.images["is_train"]
    assert n_captions[is_train].max() > n_captions[~is_train].max() == 0
    assert {"scores", "diagnoses"} <= set(run.manifest["stages"])
    again = run_tiny(scored_birds, scored_birds / "runs", is_scored=True)
    assert again == ["run 'tiny' is up to date"]


def test_a_moved_data_set_and_checkpoint_are_found_again(birds, tmp_path):
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("CUB_200_2011", "text_c10", "tiny.pth"):
        (birds / name).rename(moved / name)
    run = read_run(birds / "runs" / "tiny")
    with pytest.raises(DataError, match="if it was moved, pass its path as --data"):
        inputs_of_finished(run)
    with pytest.raises(DataError, match="if it was moved, pass its path as --checkpoint"):
        inputs_of_finished(run, Moved(moved / "CUB_200_2011"))
    before = run.manifest["settings"]
    assert "up to date" in run_tiny(moved, birds / "runs")[-1]
    settings = read_run(run.folder).manifest["settings"]
    assert settings["source"]["data"] == str(moved / "CUB_200_2011") != before["source"]["data"]
    assert settings["checkpoint"] == str(moved / "tiny.pth")
    with patch.object(chunks, "CHUNK", CHUNK):
        inputs_of_finished(read_run(run.folder))


def test_where_a_moved_data_set_lies_is_recorded_once_it_is_told(birds, tmp_path):
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("CUB_200_2011", "text_c10", "tiny.pth"):
        (birds / name).rename(moved / name)
    run = read_run(birds / "runs" / "tiny")
    with patch.object(chunks, "CHUNK", CHUNK):
        inputs_of_finished(run, Moved(moved / "CUB_200_2011", moved / "tiny.pth"))
        inputs_of_finished(read_run(run.folder))


def test_the_check_of_the_order_of_classes_computes_nothing_again(birds, monkeypatch):
    kept = {"network": NetworkSettings(keep_order=True)}
    assert computed(run_tiny(birds, birds / "runs", **kept)) == set()
    checked = []
    monkeypatch.setattr(inputs, "check_order", lambda *args: checked.append(args))
    run_tiny(birds, birds / "runs", **kept)
    assert not checked
    assert computed(run_tiny(birds, birds / "runs")) == set()
    assert len(checked) == 1


def test_a_network_that_cannot_be_loaded_is_told_before_the_first_stage(birds):
    (birds / "tiny.pth").write_bytes(b"nothing")
    said = []
    with pytest.raises(DataError, match="cannot be read as weights"):
        pipeline.precompute(tiny_settings(birds, birds / "runs", name="other"), said.append)
    assert said == []
