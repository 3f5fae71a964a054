"""The exported network gives the scores that the run stores, for files as they are uploaded."""

import json
import os
import shutil
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from fieldmarks.core.errors import DataError, MissingRunError, ModelError, RunError
from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.live.network_file import Fed, NetworkFile, network_file
from fieldmarks.core.pictures.crop import Crop, cut_out
from fieldmarks.core.pictures.upload import Upload
from fieldmarks.core.presence.presence import features_of, presence_of
from fieldmarks.core.run.files import NETWORK
from fieldmarks.core.run.one_image import one_image_run
from fieldmarks.core.run.reading import read_run
from fieldmarks.precompute.network import onnx_file
from fieldmarks.precompute.network.cut.blocks import with_moments
from fieldmarks.precompute.network.loading import load_checkpoint
from fieldmarks.precompute.pipeline.stages import live
from tests.support.tiny_birds import computed, content, run_tiny, write_tiny_birds

pytestmark = pytest.mark.slow

BOX = ["bbox_left", "bbox_top", "bbox_width", "bbox_height"]


@pytest.fixture(scope="module")
def birds(tmp_path_factory):
    return write_tiny_birds(tmp_path_factory.mktemp("live"))


@pytest.fixture(scope="module")
def made(birds):
    run_tiny(birds, birds / "runs", is_live=True)
    return read_run(birds / "runs" / "tiny")


def tried(run, upload, box):
    """Return a picture as the page Try sees it."""
    network, fed = network_file(run), Fed.of(run)
    square = upload.cut_out(fed.square(upload.size, box), network.input_size, fed.interpolation)
    done = network(np.asarray(square))
    return one_image_run(run, done.maps, done.pooled, done.logits, moments=done.moments)


def test_an_uploaded_test_image_gets_the_scores_that_the_run_stores(birds, made):
    for x in np.flatnonzero(made.is_test & made.is_readable)[:8]:
        path = birds / "CUB_200_2011" / "images" / made.images["path"].iloc[x]
        new = tried(made, Upload(path.read_bytes()), tuple(made.images.iloc[x][BOX].astype(float)))
        np.testing.assert_allclose(new.array("logits")[0], made.array("logits")[x], atol=1e-3)
        np.testing.assert_allclose(new.array("pooled")[0], made.array("pooled")[x], atol=1e-3)
        np.testing.assert_allclose(new.maps(0), made.maps(int(x)), atol=2e-3)
        moments = new.array("block_moments")[0], made.array("block_moments")[x]
        np.testing.assert_allclose(*moments, atol=1e-3)
        qs = [presence_of(made).q(features_of(*of)) for of in ((new, 0), (made, x))]
        np.testing.assert_allclose(*qs, atol=1e-3)
        assert explain(new, 0).sentence == explain(made, int(x)).sentence


def test_the_manifest_says_how_the_network_was_checked(made):
    stage = made.manifest["stages"]["live"]
    assert stage["left_out"] == ""
    assert 0 <= stage["measured"]["difference"] < 1e-4 < stage["measured"]["tolerance"]
    assert stage["measured"]["images"] == live.N_CHECKED
    assert made.manifest["crop_share"] == 1.0
    assert len(made.array("neighbour_distance")) == (made.is_test & made.is_readable).sum()


def test_the_file_is_the_same_each_time_and_names_no_path(birds, made, tmp_path):
    model = load_checkpoint(birds / "tiny.pth")
    onnx_file.export(model, tmp_path / "again.onnx")
    exported = (tmp_path / "again.onnx").read_bytes()
    assert exported == (made.folder / NETWORK).read_bytes()
    assert b".py" not in exported


def test_a_run_that_is_up_to_date_is_not_exported_again(birds, made):
    before = content(made.folder)
    assert computed(run_tiny(birds, birds / "runs", is_live=True)) == set()
    assert content(made.folder) == before


def test_a_network_with_other_scores_is_not_kept_and_the_run_goes_on(birds, tmp_path, monkeypatch):
    monkeypatch.setattr(live, "TOLERANCE", -1.0)
    monkeypatch.setattr(live, "MIXED_TOLERANCE", -1.0)
    run_tiny(birds, tmp_path, is_live=True)
    run = read_run(tmp_path / "tiny")
    reason = run.manifest["stages"]["live"]["left_out"]
    assert "class scores that differ by" in reason
    assert not (run.folder / NETWORK).exists()
    with pytest.raises(MissingRunError, match=r"differ by .*fieldmarks export tiny"):
        network_file(run)


def test_a_network_that_cannot_be_exported_is_told(birds, tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("no such operator\nin ONNX")

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(ModelError) as error:
        onnx_file.export(load_checkpoint(birds / "tiny.pth"), tmp_path / "n.onnx")
    assert str(error.value) == "the network cannot be exported to ONNX: no such operator"


def test_without_onnx_runtime_one_line_says_how_to_install_it(made, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(DataError, match="install it by 'python -m pip install onnxruntime'"):
        network_file(made)


@pytest.mark.parametrize("damage", [b"", b"not a network", None])
def test_a_damaged_file_is_one_line(made, tmp_path, damage):
    path = tmp_path / NETWORK
    whole = (made.folder / NETWORK).read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    with pytest.raises(RunError) as error:
        NetworkFile(path)
    assert "delete it and precompute again" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crop": "round"}, "does not hold the preprocessing"),
        ({"interpolation": 3}, "expected the name of the interpolation"),
        ({"crop_share": 0}, "does not hold the preprocessing"),
        ({"crop_share": "all"}, "expected the share of the crop"),
    ],
)
def test_a_manifest_that_feeds_it_nonsense_is_refused(made, tmp_path, change, message):
    folder = tmp_path / "tiny"
    shutil.copytree(made.folder, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | change))
    with pytest.raises(RunError, match=message):
        Fed.of(read_run(folder))


def photograph(width: int, height: int) -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("side", [40, 64, 150])
def test_a_square_picture_is_resized_as_torchvision_does(side, interpolation):
    image = photograph(side, side)
    resize = v2.Resize((64, 64), v2.InterpolationMode(interpolation))
    ours = cut_out(image, Crop(0, 0, side), 64, interpolation)
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(resize(image)))


def test_the_centre_square_is_that_of_resize_and_centre_crop():
    """One step in place of two: pixels differ where torchvision rounds the crop to whole ones."""
    image = photograph(256, 256)
    theirs = v2.Compose([v2.Resize(64), v2.CenterCrop(56)])(image)
    ours = cut_out(image, Fed("centre", 56 / 64).square(image.size, (0, 0, 256, 256)), 56)
    assert np.abs(np.asarray(ours).astype(int) - np.asarray(theirs)).max() <= 1


def test_pixels_are_normalised_as_torchvision_does(birds):
    model = load_checkpoint(birds / "tiny.pth")
    whole = onnx_file.PixelsToScores(model)
    pixels = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)
    fed = model.preprocessing
    steps = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(fed.mean, fed.std)]
    network = with_moments(model.network, model.blocks)
    theirs = network(v2.Compose(steps)(pixels)[None])
    for mine, other in zip(whole(torch.from_numpy(pixels)[None]), theirs, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-5)


def test_a_file_of_another_network_is_refused_until_it_is_exported_again(made, tmp_path):
    copy = shutil.copytree(made.folder, tmp_path / "tiny")
    (copy / NETWORK).write_bytes((copy / NETWORK).read_bytes() + b"\0")
    message = r"is not the network that run 'tiny' was made with: delete it, then .* export tiny"
    with pytest.raises(RunError, match=message):
        network_file(read_run(copy))
    (copy / NETWORK).unlink()
    os.mkfifo(copy / NETWORK)
    with pytest.raises(MissingRunError):
        network_file(read_run(copy))


def test_a_file_that_cannot_run_on_pixels_of_this_size_is_one_line(made):
    network = network_file(made)
    with pytest.raises(RunError, match="the network cannot run"):
        network(np.zeros((8, 8, 3), np.uint8))
