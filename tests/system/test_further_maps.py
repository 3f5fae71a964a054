import shutil

import numpy as np
import pytest

from fieldmarks.__main__ import main
from fieldmarks.core.errors import DataError, MissingRunError, RunError
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.scores.result import read_evaluation
from fieldmarks.precompute.pipeline.more_maps import add_maps, choose_images
from tests.support.tiny_birds import N_IMAGES, run_tiny, write_tiny_birds, write_tiny_checkpoint

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def birds(tmp_path_factory):
    folder = write_tiny_birds(tmp_path_factory.mktemp("birds"))
    run_tiny(folder, folder / "all")
    run_tiny(folder, folder / "few", maps="2")
    return folder


@pytest.fixture
def runs(birds, tmp_path):
    shutil.copytree(birds / "few", tmp_path / "few")
    return tmp_path / "few"


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr("fieldmarks.precompute.pipeline.chunks.CHUNK", 6)


def test_maps_computed_later_are_those_of_the_pass(birds, runs):
    everything, before = read_run(birds / "all" / "tiny"), read_run(runs / "tiny")
    with pytest.raises(MissingRunError, match="fieldmarks maps tiny --images 4"):
        before.maps(4)
    assert add_maps(runs, "tiny", ["4", "7-9"]) == 4
    after = read_run(runs / "tiny")
    assert after.sizes["M"] == 6
    for x in np.flatnonzero(after.array("map_row") >= 0):
        np.testing.assert_allclose(after.maps(x), everything.maps(x), atol=1e-3)
    np.testing.assert_array_equal(after.array("pooled"), everything.array("pooled"))


def test_a_run_with_further_maps_is_still_up_to_date(birds, runs):
    add_maps(runs, "tiny", ["all"])
    assert read_run(runs / "tiny").sizes["M"] == N_IMAGES
    assert add_maps(runs, "tiny", ["all"]) == 0
    assert run_tiny(birds, runs, maps="2") == ["run 'tiny' is up to date"]


def n_pairs(folder):
    """Return how many pairs of image and attribute were scored with a heatmap."""
    return read_evaluation(read_run(folder)).grounding.counts["image-attribute pairs"]


def test_what_depends_on_maps_is_computed_again(birds, runs):
    run_tiny(birds, runs, is_scored=True, maps="none", name="bare")
    run_tiny(birds, runs, is_scored=True, name="full")
    said, pairs = [], [n_pairs(runs / "bare"), n_pairs(runs / "full")]
    add_maps(runs, "bare", ["all"], say=said.append)
    computed = {line.split(":")[0] for line in said if line.endswith("computing")}
    first = {"estimates", "explanations"}
    assert computed == first | {"evidence", "names", "other_estimators", "diagnoses", "scores"}
    assert pairs[0] == 0 < n_pairs(runs / "bare") == pairs[1]
    run_tiny(birds, runs, is_scored=True, maps="none", name="bare")
    assert run_tiny(birds, runs, True, maps="none", name="bare") == ["run 'bare' is up to date"]


def test_maps_of_some_images_leave_the_estimates_as_they_are(birds, runs):
    said = []
    add_maps(runs, "tiny", ["4"], say=said.append)
    computed = {line.split(":")[0] for line in said if line.endswith("computing")}
    assert computed == {"diagnoses", "scores"}


def test_maps_of_another_network_are_refused(birds, runs):
    data = (birds / "tiny.pth").read_bytes()
    try:
        write_tiny_checkpoint(birds / "tiny.pth", seed=3)
        with pytest.raises(RunError, match="changed since run 'tiny' was made"):
            add_maps(runs, "tiny", ["all"])
    finally:
        (birds / "tiny.pth").write_bytes(data)
    assert read_run(runs / "tiny").sizes["M"] == 2
    assert [path.name for path in runs.iterdir() if path.is_dir()] == ["tiny"]


def test_images_are_chosen_by_number_range_and_group(runs):
    run = read_run(runs / "tiny")
    assert choose_images(run, ["7", "3-5", "3"]).tolist() == [3, 4, 5, 7]
    assert len(choose_images(run, ["all"])) == N_IMAGES
    is_test = ~run.images["is_train"].to_numpy()
    assert choose_images(run, ["test"]).tolist() == np.flatnonzero(is_test).tolist()
    wrong = (run.images["true_c"] != run.images["predicted_c"]).to_numpy()
    assert choose_images(run, ["failures"]).tolist() == np.flatnonzero(is_test & wrong).tolist()


@pytest.mark.parametrize("word", ["", "-", "x", "-3", "99", "1-99", "1.5", "3-"])
def test_images_that_there_are_not_are_refused(runs, word):
    with pytest.raises(DataError, match="expected images from 0 to 44"):
        choose_images(read_run(runs / "tiny"), ["4", word])


def test_the_command_says_how_many_maps_it_added(runs, capsys):
    assert main(["maps", "tiny", "--runs", str(runs), "--images", "4"]) == 0
    assert "maps of 1 images added" in capsys.readouterr().out
    assert main(["maps", "tiny", "--runs", str(runs), "--images", "500"]) == 1
    assert "expected images from 0 to 44" in capsys.readouterr().err
