import os
import subprocess
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.runs.contract import TABLES
from core.runs.run import Run
from precompute.parallel.ranks import Ranks
from tests.tiny_birds import run_tiny, write_tiny_birds

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same run by one process and by two."""
    birds = write_tiny_birds(tmp_path_factory.mktemp("birds"))
    run_tiny(birds, birds / "one")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*torchrun, "-m", "tests.tiny_birds", str(birds), str(birds / "two")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return Run(birds / "one" / "tiny"), Run(birds / "two" / "tiny")


def test_two_processes_write_the_arrays_of_one(runs):
    one, two = runs
    assert one.array_names == two.array_names
    for name in one.array_names:
        kind, _, estimator = name.partition("/")
        expected, got = (run.array(kind, estimator or None) for run in runs)
        assert np.array_equal(expected, got, equal_nan=expected.dtype.kind == "f"), name


def test_two_processes_write_the_tables_and_the_manifest_of_one(runs):
    one, two = runs
    written = [sorted(path.stem for path in (run.folder / "tables").iterdir()) for run in runs]
    assert written[0] == written[1]
    assert {spec.name for spec in TABLES if not spec.optional} <= set(written[0])
    for name in written[0]:
        pd.testing.assert_frame_equal(one.table(name), two.table(name))
    assert one.manifest == two.manifest
    assert [one.packed("thumb", x) for x in range(9)] == [two.packed("thumb", x) for x in range(9)]


def test_a_process_by_itself_is_all_there_is(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    ranks = Ranks.from_environment()
    assert ranks.is_first
    assert ranks.share([1, 2, 3]) == [1, 2, 3]
    assert ranks.gather("a") == ["a"]
    assert ranks.total(np.array([1, 2])).tolist() == [1.0, 2.0]


def test_ranks_share_all_and_share_once():
    items = list(range(11))
    shares = [Ranks(rank, 3).share(items) for rank in range(3)]
    assert sorted(chain(*shares)) == items
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
