import json
import shutil

import numpy as np
import pytest
from PIL import Image

from fieldmarks.core.errors import FieldmarksError
from fieldmarks.core.probability import p_t_given_xc, prior
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.so_far import SO_FAR, read_so_far
from fieldmarks.precompute.data.source import DataSource
from fieldmarks.precompute.pipeline import pipeline
from fieldmarks.precompute.pipeline.chunks import ChunkStore
from fieldmarks.precompute.pipeline.registry import STAGES
from tests.support.tiny_birds import (
    N_IMAGES,
    run_tiny,
    tiny_settings,
    without,
    write_tiny_birds,
)

pytestmark = pytest.mark.slow

BATCH = 4


@pytest.fixture(scope="module")
def birds(tmp_path_factory):
    return write_tiny_birds(tmp_path_factory.mktemp("birds"))


@pytest.fixture(scope="module")
def made(birds):
    run_tiny(birds, birds / "runs")
    return read_run(birds / "runs" / "tiny")


def test_logits_are_those_of_the_stored_head(made):
    logits = made.array("pooled") @ made.array("class_weights").T + made.array("class_bias")
    np.testing.assert_allclose(made.array("logits"), logits, atol=1e-4)
    assert (made.images["predicted_c"] == logits.argmax(axis=1)).all()


def test_pooled_is_the_mean_of_the_maps(made):
    maps = made.array("maps").astype(np.float32).mean(axis=(2, 3))
    np.testing.assert_allclose(made.array("pooled"), maps, atol=1e-3)


def test_probabilities_are_the_softmax_of_the_logits(made):
    for x in (0, 7):
        p = np.exp(made.array("logits")[x]) / np.exp(made.array("logits")[x]).sum()
        assert made.images["confidence"][x] == pytest.approx(p.max(), abs=1e-6)
        assert made.images["p_true"][x] == pytest.approx(p[made.images["true_c"][x]], abs=1e-6)


@pytest.mark.parametrize("side", ["predicted", "true"])
def test_stored_explanations_are_the_top_of_the_product(made, side):
    for x in range(0, N_IMAGES, 5):
        c = made.images[f"{side}_c"][x]
        p = p_t_given_xc(
            made.array("pooled")[x], made.array("class_weights")[c], made.array("p_t_given_f")
        )
        top_t, top_p = made.array(f"top_t_{side}")[x], made.array(f"top_p_{side}")[x]
        kept = top_t >= 0
        np.testing.assert_allclose(top_p[kept], p[top_t[kept]], rtol=1e-5)
        assert (np.diff(top_p) <= 1e-7).all()
        assert top_p[0] == pytest.approx(p.max(), rel=1e-5)
        assert (top_p[~kept] == 0).all()


def test_images_without_captions_take_no_part_in_the_estimates(made):
    rows = (made.images["is_train"] & (made.images["n_captions"] > 0)).to_numpy()
    assert 0 < rows.sum() < made.images["is_train"].sum()
    np.testing.assert_allclose(made.array("prior"), prior(made.counts[rows]), rtol=1e-5)


def test_top_images_of_a_filter_fall_in_activation(made):
    for f, xs in enumerate(made.array("top_images")):
        values = made.array("pooled")[xs, f]
        assert (np.diff(values) <= 0).all()
        assert values[0] == made.array("pooled")[:, f].max()


def test_canonical_images_are_training_images_of_the_class(made):
    for c, xs in enumerate(made.array("canonical")):
        assert (xs >= 0).any()
        rows = made.images.iloc[xs[xs >= 0]]
        assert (rows["true_c"] == c).all()
        assert rows["is_train"].all()


def test_parts_lie_in_the_crop_that_is_recorded(made):
    images = made.images.iloc[1]
    row, col = made.array("parts")[1, 0]
    assert row * images["crop_side"] + images["crop_top"] == pytest.approx(11, abs=1e-3)
    assert col * images["crop_side"] + images["crop_left"] == pytest.approx(20, abs=1e-3)


def test_thumbnails_and_captions_are_those_of_the_image(made):
    assert made.packed("thumb", 2).startswith(b"\xff\xd8")
    assert made.captions(0) == ["a bird with a red head and a long bill.", "a red belly."]
    assert made.captions(2) == []


def test_the_manifest_names_what_the_run_was_made_from(made):
    manifest = json.loads((made.folder / "manifest.json").read_text())
    assert set(manifest["stages"]) == set(STAGES)
    assert manifest["sizes"]["X"] == N_IMAGES
    assert manifest["versions"]["torch"]
    assert manifest["checkpoint"]["sha256"]


@pytest.mark.parametrize(("maps", "n"), [("none", 0), ("test", 22), ("3", 3)])
def test_maps_of_a_part_of_the_images(birds, tmp_path, maps, n, made):
    run_tiny(birds, tmp_path, maps=maps)
    run = read_run(tmp_path / "tiny")
    rows = run.array("map_row")
    assert (rows >= 0).sum() == len(run.array("maps")) == n
    for x in np.flatnonzero(rows >= 0):
        np.testing.assert_array_equal(run.maps(x), made.maps(x))
    np.testing.assert_array_equal(run.array("pooled"), made.array("pooled"))


def test_an_unreadable_image_is_reported_and_typical_of_nothing(tmp_path):
    folder = write_tiny_birds(tmp_path)
    images = sorted((folder / "CUB_200_2011" / "images").rglob("*.jpg"))
    images[0].write_bytes(images[0].read_bytes()[:300])
    images[1].unlink()
    Image.new("L", (60, 50), 90).save(images[2])
    run_tiny(folder, tmp_path / "runs")
    run = read_run(tmp_path / "runs" / "tiny")
    problems = dict(zip(run.images["path"], run.images["problem"], strict=True))
    of = {
        path: problems[path.relative_to(folder / "CUB_200_2011/images").as_posix()]
        for path in images
    }
    assert of[images[0]].startswith("unreadable")
    assert of[images[1]].startswith("unreadable: no such file")
    assert of[images[2]].startswith("grey image")
    bad = np.flatnonzero(run.images["problem"].str.startswith("unreadable"))
    assert len(bad) == 2
    assert not np.isin(run.array("top_images"), bad).any()
    assert not np.isin(run.array("canonical"), bad).any()


def _no_captions(folder):
    return {"source": DataSource(folder / "CUB_200_2011", captions=folder / "nowhere")}


def _no_checkpoint(folder):
    return {"checkpoint": folder / "none.pth"}


def _other_classes(folder):
    path = folder / "CUB_200_2011" / "classes.txt"
    path.write_text(path.read_text() + "99 099.Dodo\n")
    return {}


def _not_cub(folder):
    return {"source": DataSource(folder)}


def _nan_weights(folder):
    import torch

    path = folder / "tiny.pth"
    state = torch.load(path, weights_only=True)
    state["state_dict"]["classifier.weight"][:] = float("nan")
    torch.save(state, path)
    return {}


def _no_parts(folder):
    shutil.rmtree(folder / "CUB_200_2011" / "parts")
    return {"estimators": ("keypoints", "ridge")}


BAD_INPUTS = {
    "no caption folder": (_no_captions, "expected a folder of caption files"),
    "no checkpoint": (_no_checkpoint, "expected a checkpoint at"),
    "checkpoint of other classes": (_other_classes, "not the same"),
    "folder above the data set": (_not_cub, "did you mean"),
    "another architecture": (lambda _: {"arch": "resnet50"}, "is --arch right"),
    "unknown estimator": (lambda _: {"estimators": ("magic",)}, "expected estimators among"),
    "nothing without keypoints": (lambda _: {"estimators": ("keypoints",)}, "does without"),
    "keypoints where there are none": (_no_parts, "needs annotated keypoints"),
    "impossible maps": (lambda _: {"maps": "some"}, "--maps is all, test, none or a number"),
    "tiny input": (lambda _: {"input_size": 8}, "--input-size is at least"),
    "name that is a path": (lambda _: {"name": "../x"}, "choose another name"),
    "network of NaN": (_nan_weights, "class scores that are not finite"),
}


def test_an_estimator_that_uses_keypoints_is_made_when_asked_for_and_never_the_default(tmp_path):
    folder = write_tiny_birds(tmp_path / "birds")
    run_tiny(folder, tmp_path / "runs", estimators=("keypoints", "ridge"))
    run = read_run(tmp_path / "runs" / "tiny")
    assert run.default_estimator == "ridge"
    assert run.manifest["keypoint_estimators"] == ["keypoints"]
    assert run.array("evidence", "keypoints").shape == run.array("evidence", "ridge").shape


@pytest.mark.parametrize("case", BAD_INPUTS)
def test_bad_input_gets_one_line(tmp_path, case):
    spoil, message = BAD_INPUTS[case]
    folder = write_tiny_birds(tmp_path / "birds", n_images=9)
    with pytest.raises(FieldmarksError, match=message) as caught:
        run_tiny(folder, tmp_path / "runs", **spoil(folder))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "runs" / "tiny").exists()


def test_a_pass_says_after_each_chunk_how_many_images_fail(birds, made, monkeypatch):
    runs, read = birds / "interrupted", []
    put = ChunkStore.put

    def put_and_stop(self, chunk, *what):
        read.append(read_so_far(runs, "tiny"))
        if len(read) >= 3:
            raise KeyboardInterrupt
        put(self, chunk, *what)

    monkeypatch.setattr(ChunkStore, "put", put_and_stop)
    with pytest.raises(KeyboardInterrupt):
        run_tiny(birds, runs, batch_size=BATCH)
    monkeypatch.undo()
    resumed, record = [], ChunkStore.put

    def put_and_read(self, chunk, *what):
        resumed.append(read_so_far(runs, "tiny"))
        record(self, chunk, *what)

    monkeypatch.setattr(ChunkStore, "put", put_and_read)
    run_tiny(birds, runs, batch_size=BATCH)
    for found in (*read, *resumed):  # before each chunk, of those before it
        images = made.images[: found.n_done]
        test = images[~images["is_train"]]
        wrong = test[test["predicted_c"] != test["true_c"]]
        assert (found.n_images, found.n_test, found.n_wrong) == (N_IMAGES, len(test), len(wrong))
        assert [each.probability for each in found.failures] == pytest.approx(
            sorted(wrong["confidence"], reverse=True), abs=1e-5
        )
        names = made.classes["name"]
        for each in found.failures:
            row = wrong[wrong["path"] == each.path].iloc[0]
            assert each.jpeg() == made.packed("thumb", row.name)
            assert (each.true, each.predicted) == (names[row["true_c"]], names[row["predicted_c"]])
    chunk = 2 * BATCH  # whole batches, at least six images
    assert [found.n_done for found in read[:3]] == [0, chunk, 2 * chunk]
    assert resumed[0].n_done == 2 * chunk
    assert resumed[-1].failures
    assert read_so_far(runs, "tiny") is None
    assert not (runs / "tiny" / SO_FAR).exists()


def test_a_new_run_is_opened_when_its_pass_begins_and_a_finished_one_once(birds, made, monkeypatch):
    opened = []

    def on_open():
        opened.append((birds / "opened" / "tiny").exists())

    for _ in range(2):
        with without("diagnoses", "scores", "live"):
            pipeline.precompute(tiny_settings(birds, birds / "opened"), print, on_open=on_open)
    assert opened == [False, True]
