"""What stands beside the demo's run."""

import shutil

import numpy as np
import pytest

from fieldmarks.core.causes.slices import Condition, Kind, Scope, Slice, Slices
from fieldmarks.core.errors import DataError
from fieldmarks.core.repair import suggestions
from fieldmarks.core.run.reading import read_run
from fieldmarks.precompute.demo import second_run
from fieldmarks.precompute.demo.second_run import make_second_run
from tests.support.faulty_run import MISLED


@pytest.fixture
def first(faulty, tmp_path, monkeypatch):
    """Return a diagnosed run with a slice of its misled images."""
    none, xs = np.empty(0, int), np.array(MISLED)
    condition = Condition(Kind.BACKGROUND, 0)
    found = Slice(Scope(1), (condition,), xs, xs, none, none, -0.9, -0.5, 0.001, 0.01)
    monkeypatch.setattr(suggestions, "slices", lambda run: Slices([found], 1))
    shutil.copytree(faulty.folder, tmp_path / "faulty")
    run = read_run(tmp_path / "faulty")
    stages = {"activations": {"fingerprint": "a"}}
    monkeypatch.setattr(second_run, "rescore", _scored)
    return run.changed(manifest={**run.manifest, "stages": stages})


def _scored(run):
    """Note that a run was scored, as `rescore` does."""
    import json

    path = run.folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["stages"]["scores"] = {"fingerprint": "s"}
    path.write_text(json.dumps(manifest))


def test_the_repair_removes_the_filters_of_the_cue_and_is_diagnosed(first):
    second = make_second_run(first)
    assert second.name == "faulty-repaired"
    repair = second.manifest["repair"]
    assert 3 in repair["filters_off"]
    assert repair["refit"] is False
    assert len(second.table("diagnoses")) == len(first.images)
    removed = second.array("class_weights")[:, repair["filters_off"]]
    assert (removed == 0).all()


def test_a_repair_is_made_once_and_again_where_the_run_is_another(first, monkeypatch):
    made = []
    write = second_run.write_repaired
    monkeypatch.setattr(
        second_run, "write_repaired", lambda *a, **k: made.append(1) or write(*a, **k)
    )
    make_second_run(first)
    make_second_run(first)
    assert len(made) == 1
    stages = {"activations": {"fingerprint": "b"}}
    make_second_run(first.changed(manifest={**first.manifest, "stages": stages}))
    assert len(made) == 2


def test_a_run_of_somebody_under_that_name_stays(first):
    shutil.copytree(first.folder, first.folder.with_name("faulty-repaired"))
    with pytest.raises(DataError, match="is no repair"):
        make_second_run(first)


def test_without_a_suggestion_the_last_layer_is_fitted_without_suspected_labels(first, monkeypatch):
    monkeypatch.setattr(suggestions, "slices", lambda run: Slices([], 0))
    repair = make_second_run(first).manifest["repair"]
    assert repair["refit"]
    assert repair["labels"] == "drop"
    assert repair["filters_off"] == []
