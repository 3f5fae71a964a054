import json

import numpy as np
import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.core.run.files import MANIFEST
from fieldmarks.precompute.demo_world.packing import pack_run, without_paths


def test_a_packed_run_has_the_maps_of_test_images_and_all_else(run, tmp_path):
    packed = pack_run(run.folder, tmp_path / "packed")
    has_maps = packed.array("map_row") >= 0
    np.testing.assert_array_equal(has_maps, run.is_test & (run.array("map_row") >= 0))
    x = int(np.flatnonzero(has_maps)[-1])
    np.testing.assert_array_equal(packed.maps(x), run.maps(x))
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
        pack_run(run.folder, tmp_path)
