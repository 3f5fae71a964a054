"""A run is written atomically."""

import numpy as np
import pytest

from fieldmarks.core.errors import RunError
from fieldmarks.core.run.listing import list_runs
from fieldmarks.core.run.writer import RunWriter
from tests.support.synthetic_run import write_synthetic_run


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
