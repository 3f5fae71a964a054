"""What a run's manifest says, and which files of a folder are the run's."""

import json
import math
import shutil

import pytest

from fieldmarks.core.errors import RunError
from fieldmarks.core.run.files import MANIFEST
from fieldmarks.core.run.listing import list_runs
from fieldmarks.core.run.manifest import FIELDS, RECORDS, files_of_run, manifest_stamp, sources_of
from fieldmarks.core.run.reading import read_run
from tests.support.synthetic_run import write_synthetic_run

#: Values of every type that JSON has, and some that only Python writes.
HOSTILE = {
    "null": None, "true": True, "a number": 3, "a negative number": -1, "a huge number": 10**40,
    "a float": 0.5, "NaN": math.nan, "infinite": math.inf, "text": "x", "a list": [], "a dict": {},
    "a list of lists": [[]], "a list of dicts": [{}], "a dict of lists": {"x": [1]},
    "a list of numbers": [1e999], "text with a zero byte": "a\0b",
}  # fmt: skip
#: A whole manifest as the pipeline writes one, in the fields that the made-up run lacks.
WHOLE = {
    "head": {"kind": "linear", "eps": 0.0, "is_split": False, "difference": 0.0},
    "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "crop": "box", "crop_share": 1.0,
    "interpolation": "bilinear", "precision": "cpu float32", "left_out": [3], "problems": ["a"],
    "keypoint_estimators": [], "checkpoint": {"sha256": "ab", "made": {}}, "seed": 0,
    "versions": {"torch": "2.9"}, "repair": {"of": "demo", "head": "ab"},
    "settings": {
        "checkpoint": "x.pth", "synonyms": None, "nouns": None, "merge": True, "leave_out": [],
        "estimators": ["ridge"], "network": {}, "source": {
            "data": "d", "images": None, "captions": None, "format": None, "label": None,
            "file_name": None, "split": None, "text": None,
        },
    },
    "stages": {"live": {
        "fingerprint": "ab", "version": 1, "inputs": {}, "left_out": "", "measured": {"x": 1.0}
    }},
    "pending": {"layout": ["layout"]},
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a good run and one whose manifest becomes hostile."""
    folder = tmp_path_factory.mktemp("runs")
    sizes = {"X": 8, "F": 4, "T": 6, "C": 2, "H": 2, "W": 2, "R": 2, "N": 2}
    write_synthetic_run(folder, "good", **sizes)
    hostile = write_synthetic_run(folder, "hostile", **sizes)
    (hostile.folder / MANIFEST).write_text(json.dumps(hostile.manifest | WHOLE))
    return folder


def paths_of(value, below=()):
    """Return the path of every field, those of dictionaries in it too."""
    paths = [below] if below else []
    if isinstance(value, dict):
        paths += [path for key, each in value.items() for path in paths_of(each, (*below, key))]
    return paths


def with_value(manifest, path, value):
    changed = json.loads(json.dumps(manifest))
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


def test_a_manifest_with_every_field_is_read(runs):
    whole = read_run(runs / "hostile").manifest
    read = set(paths_of(whole)) & FIELDS.keys()
    assert read == FIELDS.keys(), "every field that is checked is in the table below"


def test_no_value_of_any_field_hurts_another_run_or_is_more_than_one_line(runs):
    path = runs / "hostile" / MANIFEST
    whole, n_refused = path.read_text(), 0
    try:
        for field in paths_of(json.loads(whole)):
            for what, value in HOSTILE.items():
                path.write_text(json.dumps(with_value(json.loads(whole), field, value)))
                entries = {entry.name: entry.problem for entry in list_runs(runs)}
                assert entries["good"] == "", (field, what)
                assert "\n" not in entries["hostile"], (field, what)
                n_refused += bool(entries["hostile"])
    finally:
        path.write_text(whole)
    assert n_refused > 500


#: Fields, each with a value that older versions took and that failed a page.
TAKEN = [
    (("head", "kind"), []), (("head", "kind"), {}), (("head", "eps"), None),
    (("head", "eps"), math.nan), (("part_keypoints",), [1]), (("part_keypoints",), {"beak": 3}),
    (("synonyms",), "x"), (("synonyms",), [3]), (("settings",), []), (("settings",), None),
    (("settings", "source"), 3), (("settings", "source", "data"), {}),
    (("settings", "checkpoint"), 7), (("crop",), []), (("crop_share",), "x"), (("mean",), {}),
    (("interpolation",), {}), (("checkpoint",), "ab"), (("checkpoint", "sha256"), None),
    (("stages", "live"), None), (("stages", "live", "fingerprint"), {}),
    (("stages", "live", "left_out"), []), (("stages", "live", "measured"), ["x"]),
    (("keypoint_estimators",), 3), (("dataset",), "a\0b"), (("schema_version",), True),
    (("schema_version",), 10**400), (("input_size",), []), (("arch",), {}), (("seed",), {}),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), TAKEN)
def test_a_field_of_another_type_is_refused_when_the_run_is_listed_and_opened(runs, field, value):
    path = runs / "hostile" / MANIFEST
    whole = path.read_text()
    try:
        path.write_text(json.dumps(with_value(json.loads(whole), field, value)))
        problem = {entry.name: entry.problem for entry in list_runs(runs)}["hostile"]
        with pytest.raises(RunError, match=r"precompute (it )?again") as caught:
            read_run(runs / "hostile")
        assert str(caught.value) == problem
    finally:
        path.write_text(whole)


def test_a_run_without_a_manifest_has_no_stamp(run, tmp_path):
    assert manifest_stamp(tmp_path) == 0
    assert manifest_stamp(run.folder) > 0


def test_the_files_of_a_run_are_all_that_was_written_and_nothing_else(run, tmp_path):
    there = {str(path.relative_to(run.folder)) for path in run.folder.rglob("*") if path.is_file()}
    files = files_of_run(run.folder)
    assert there <= set(files)
    assert files[-1] == MANIFEST, "what a run is known by is deleted last"
    folder = shutil.copytree(run.folder, tmp_path / "a")
    (folder / MANIFEST).write_text("{")
    assert set(files_of_run(folder)) <= set(files), "a damaged run is one"
    (folder / MANIFEST).unlink()
    (folder / "arrays" / "pooled.npy").unlink()
    assert files_of_run(folder) is None


@pytest.mark.parametrize("text", ["{}", '{"name": "a web app", "version": 1}', "[]", "", "\xff"])
def test_a_manifest_of_another_program_makes_no_run(tmp_path, text):
    (tmp_path / MANIFEST).write_text(text, "latin-1")
    (tmp_path / RECORDS).mkdir()
    assert files_of_run(tmp_path) is None


def test_what_a_run_was_made_from_is_known(tmp_path):
    manifest = {"settings": {"checkpoint": "a.pth", "nouns": None, "source": {"data": "d"}}}
    assert [str(path) for path in sources_of(tmp_path, manifest)] == [str(tmp_path), "a.pth", "d"]
    assert sources_of(tmp_path, {}) == [tmp_path]
