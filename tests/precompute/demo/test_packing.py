import json

import numpy as np
import pytest

from fieldmarks.commands.demo import install
from fieldmarks.core.errors import DataError
from fieldmarks.core.repair.preview import head_of
from fieldmarks.core.repair.repaired import write_repaired
from fieldmarks.core.run.files import MANIFEST, SHARED
from fieldmarks.core.run.listing import list_runs
from fieldmarks.core.run.reading import read_run
from fieldmarks.precompute.demo.packing import pack_run, pack_runs, rounded, without_paths


def test_a_packed_run_has_the_maps_of_test_images_and_all_else(run, tmp_path):
    packed = pack_run(run.folder, tmp_path / "packed")
    has_maps = packed.array("map_row") >= 0
    np.testing.assert_array_equal(has_maps, run.is_test & (run.array("map_row") >= 0))
    x = int(np.flatnonzero(has_maps)[-1])
    np.testing.assert_array_equal(packed.maps(x), rounded(run.maps(x)))
    np.testing.assert_array_equal(packed.array("pooled"), run.array("pooled"))


def test_a_packed_run_names_no_folder_of_the_machine_it_was_made_on(run, tmp_path):
    copied = tmp_path / "with_paths"
    pack_run(run.folder, copied)
    manifest = json.loads((copied / MANIFEST).read_text("utf-8"))
    manifest["settings"] = {"source": {"data": "/home/somebody/birds"}, "maps": "all"}
    (copied / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    text = (pack_run(copied, tmp_path / "packed").folder / MANIFEST).read_text("utf-8")
    assert "/home" not in text
    assert json.loads(text)["settings"] == {"source": {"data": "birds"}, "maps": "all"}


def test_settings_lose_their_paths_wherever_they_stand():
    settings = {"a": ["/x/y.pth", {"b": "/z"}], "c": None, "d": 3, "e": "m/relative"}
    expected = {"a": ["y.pth", {"b": "z"}], "c": None, "d": 3, "e": "m/relative"}
    assert without_paths(settings) == expected


def test_nothing_that_is_there_is_packed_over(run, tmp_path):
    with pytest.raises(DataError, match="exists: remove it"):
        pack_runs([run.folder], tmp_path)


def test_rounded_maps_are_within_half_a_percent_and_keep_zeros_and_order():
    values = np.sort(np.random.default_rng(0).gamma(1, 2, 5000)).astype(np.float16)
    values = np.concatenate([np.zeros(3, np.float16), values])
    near = rounded(values).astype(float)
    np.testing.assert_allclose(near, values.astype(float), rtol=0.004, atol=1e-6)
    assert (np.diff(near) >= 0).all()
    assert (near[:3] == 0).all()
    largest = np.array([np.finfo(np.float16).max], np.float16)
    assert rounded(largest) == largest


def test_a_repair_is_packed_without_what_it_shares_and_installed_whole(run, tmp_path):
    first = pack_run(run.folder, tmp_path / "runs" / "demo")
    second = write_repaired(first, head_of(first), "demo-repaired", {"labels": "keep"})
    pack_runs([first.folder, second.folder], tmp_path / "packed")
    kept = {path.name for path in (tmp_path / "packed" / "demo-repaired").rglob("*.*")}
    assert SHARED in kept
    assert "maps.npy" not in kept
    install(tmp_path / "packed", tmp_path / "installed")
    for name in ("demo", "demo-repaired"):
        installed, packed = tmp_path / "installed" / name, tmp_path / "runs" / name
        read_run(installed)
        files = {p.relative_to(installed): p.read_bytes() for p in installed.rglob("*.npy")}
        assert files == {p.relative_to(packed): p.read_bytes() for p in packed.rglob("*.npy")}
        assert not (installed / SHARED).exists()
    assert list_runs(tmp_path / "installed")[0].name == "demo"


def test_an_installation_leaves_what_is_there(run, tmp_path):
    pack_runs([run.folder], tmp_path / "packed")
    mine = tmp_path / "runs" / run.folder.name
    mine.mkdir(parents=True)
    (mine / "notes.txt").write_text("mine")
    install(tmp_path / "packed", tmp_path / "runs")
    assert [path.name for path in mine.iterdir()] == ["notes.txt"]
