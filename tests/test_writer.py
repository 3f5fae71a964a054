"""A run is written atomically."""

import numpy as np
import pytest

from core.errors import RunError
from core.runs.listing import list_runs
from core.runs.writer import RunWriter
from tests.synthetic_run import write_synthetic_run


@pytest.fixture
def fresh(tmp_path):
    return write_synthetic_run(tmp_path)


def test_a_run_appears_only_when_it_is_whole(tmp_path):
    writer = RunWriter(tmp_path, "half")
    writer.put("prior", np.array([0.5, 0.5]))
    with pytest.raises(RunError):
        writer.finish({"sizes": {"X": 1}, "estimators": [], "default_estimator": ""})
    assert list_runs(tmp_path) == []


def test_writing_a_run_again_replaces_it(fresh):
    again = write_synthetic_run(fresh.folder.parent, X=30)
    assert again.sizes["X"] == 30
    assert [entry.name for entry in list_runs(fresh.folder.parent)] == ["synthetic"]
