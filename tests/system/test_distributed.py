import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.tables import TABLES
from fieldmarks.precompute.parallel.ranks import Ranks
from tests.support import nodes, processes
from tests.support.tiny_birds import run_tiny, write_tiny_birds

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


#: Those that divide their work, the default with its null among them, and those that do not.
ESTIMATORS = ("encoding", "literal", "mixture", "places", "ridge")
TORCHRUN = [sys.executable, "-m", "torch.distributed.run"]
PROGRAM = ["-m", "tests.support.tiny_birds"]


@pytest.fixture(scope="module")
def birds(tmp_path_factory):
    return write_tiny_birds(tmp_path_factory.mktemp("birds"))


@pytest.fixture(scope="module")
def one(birds):
    """The run by one process."""
    run_tiny(birds, birds / "one", estimators=ESTIMATORS)
    return read_run(birds / "one" / "tiny")


def compute(commands: list[list[str]], birds: Path, runs: str) -> None:
    """Start the commands together and wait for all."""
    said = [birds / f"{runs}{i}.log" for i in range(len(commands))]
    with ExitStack() as stack:
        processes = [
            subprocess.Popen(
                [*command, *PROGRAM, str(birds), str(birds / runs), *ESTIMATORS],
                stderr=stack.enter_context(log.open("w")),
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
            for command, log in zip(commands, said, strict=True)
        ]
        for process in processes:
            stack.callback(process.kill)
        for process, log in zip(processes, said, strict=True):
            assert process.wait(240) == 0, log.read_text()[-3000:]


def compute_beside(birds: Path, runs: Path) -> None:
    """Compute in two processes as torchrun starts them, and wait for both."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    meet = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    size = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    compute = partial(run_tiny, birds, runs, estimators=ESTIMATORS)
    ranks = [
        processes.start(compute, **meet, **size, RANK=rank, LOCAL_RANK=rank) for rank in ("0", "1")
    ]
    for rank in ranks:
        rank.join(240)
    assert [rank.exitcode for rank in ranks] == [0, 0]


@pytest.fixture(scope="module", params=["two processes", "two nodes"])
def runs(request, birds, one):
    """The same run by one process and by two, on this machine or on a node each."""
    folder = request.param.replace(" ", "_")
    reason = nodes.why_no_nodes()
    if request.param == "two processes":
        if reason:  # without nodes torchrun is tried here
            compute([[*TORCHRUN, "--standalone", "--nproc-per-node=2"]], birds, folder)
        else:
            compute_beside(birds, birds / folder)
    elif reason:
        pytest.skip(reason)
    else:
        meet = ["--nnodes=2", "--nproc-per-node=1", "--rdzv-backend=c10d", "--rdzv-id=tiny"]
        meet.append(f"--rdzv-endpoint={nodes.ADDRESSES[0]}:29500")
        with nodes.two_nodes() as on_node:
            commands = [
                [*on, *TORCHRUN, *meet, f"--local-addr={address}", f"--rdzv-conf=is_host={i == 0}"]
                for i, (on, address) in enumerate(zip(on_node, nodes.ADDRESSES, strict=True))
            ]
            compute(commands, birds, folder)
    return one, read_run(birds / folder / "tiny")


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


def test_a_process_that_torchrun_did_not_start_is_alone(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    ranks = Ranks.from_environment()
    assert ranks == Ranks(0, 1)
    assert ranks.gather("a") == ["a"]
    assert ranks.total(np.array([1, 2])).tolist() == [1, 2]
    assert list(ranks.in_order(str, 2)) == ["0", "1"]
