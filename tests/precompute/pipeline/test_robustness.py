"""The command that corrupts images of a run, and its record."""

import shutil

import numpy as np
import pytest

from fieldmarks.__main__ import main
from fieldmarks.core.corruptions.record import CORRUPTIONS, UNCHANGED, read_record
from fieldmarks.core.errors import DataError
from fieldmarks.core.run.reading import read_run
from fieldmarks.precompute.corruptions.corruptions import LEVELS
from fieldmarks.precompute.pipeline.registry import STAGES
from fieldmarks.precompute.pipeline.robustness import corrupt_images, images_to_change
from tests.support.tiny_birds import CHUNK, raised, run_tiny, write_tiny_birds

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def birds(tmp_path_factory):
    folder = write_tiny_birds(tmp_path_factory.mktemp("birds"))
    run_tiny(folder, folder / "runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fieldmarks.precompute.pipeline.chunks.CHUNK", CHUNK)
        corrupt_images(folder / "runs", "tiny", ["1-6"])
    return folder


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr("fieldmarks.precompute.pipeline.chunks.CHUNK", CHUNK)


def test_the_record_holds_every_corruption_of_every_image(birds):
    run = read_run(birds / "runs" / "tiny")
    record = read_record(run)
    assert record.xs.tolist() == [1, 2, 3, 4, 5, 6]
    assert record.kinds == list(CORRUPTIONS)
    assert len(record.table) == 6 * (1 + len(CORRUPTIONS) * LEVELS)
    clean = record.rows(UNCHANGED)
    np.testing.assert_allclose(record.pooled[clean], run.array("pooled")[record.xs], atol=1e-4)


def test_a_record_outlives_a_stage_that_it_does_not_depend_on(birds, tmp_path, monkeypatch):
    shutil.copytree(birds / "runs", tmp_path / "runs")
    monkeypatch.setitem(STAGES, "explanations", raised("explanations"))
    assert "explanations: computing" in run_tiny(birds, tmp_path / "runs")
    assert read_record(read_run(tmp_path / "runs" / "tiny")) is not None


def test_drawn_images_are_correct_captioned_and_of_the_test_split(birds):
    run = read_run(birds / "runs" / "tiny")
    captioned = (run.images["n_captions"] > 0).to_numpy()
    usable = run.is_test & run.is_right & captioned
    if not usable.any():
        with pytest.raises(DataError, match="expected correctly classified test images"):
            images_to_change(run, ["5"], 0)
        return
    xs = images_to_change(run, ["5"], 0)
    assert usable[xs].all()


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (["0"], "at least one to be asked for"),
        (["900-901"], "expected images from 0 to"),
        (["some"], "expected images from 0 to"),
    ],
)
def test_images_that_are_not_there_are_refused(birds, wanted, message):
    with pytest.raises(DataError, match=message):
        images_to_change(read_run(birds / "runs" / "tiny"), wanted, 0)


def test_the_command_says_in_one_line_what_is_wrong(tmp_path, capsys):
    assert main(["robustness", "gone", "--runs", str(tmp_path)]) == 1
    assert "there is no run 'gone'" in capsys.readouterr().err
