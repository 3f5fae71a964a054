"""The list of runs."""

import json

import pytest

from fieldmarks.core.run import listing
from fieldmarks.core.run.files import MANIFEST
from fieldmarks.core.run.listing import RunEntry, list_runs, others_of
from tests.support.synthetic_run import write_synthetic_run


@pytest.fixture
def fresh(tmp_path):
    return write_synthetic_run(tmp_path)


def _manifest(**changes):
    def spoil(run):
        path = run.folder / MANIFEST
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return spoil


def test_a_broken_run_is_listed_with_its_problem(fresh):
    _manifest(schema_version=0)(fresh)
    (entry,) = list_runs(fresh.folder.parent)
    assert entry.name == "synthetic"
    assert "precompute it again" in entry.problem


def test_a_manifest_is_parsed_again_only_when_it_was_written(fresh, monkeypatch):
    read, parsed = listing.read_manifest, []

    def counted(folder):
        parsed.append(folder.name)
        return read(folder)

    monkeypatch.setattr(listing, "read_manifest", counted)
    for _ in range(3):
        assert list_runs(fresh.folder.parent) == [RunEntry("synthetic", dataset="synthetic")]
    assert parsed == ["synthetic"]
    _manifest(schema_version=0)(fresh)
    assert "has schema 0" in list_runs(fresh.folder.parent)[0].problem
    assert len(parsed) == 2


def test_the_others_of_a_run_are_those_of_its_data_set(tmp_path):
    run = write_synthetic_run(tmp_path, "first")
    write_synthetic_run(tmp_path, "second", seed=1)
    write_synthetic_run(tmp_path, "other")
    manifest = tmp_path / "other" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"dataset": "others"}))
    assert others_of(run) == ["second"]
