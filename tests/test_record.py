"""The record of attacked pictures: written and read again, absent, stale, damaged."""

import json
import shutil

import numpy as np
import pytest

from core.errors import RunError
from core.robustness.record import STAGES, UNCHANGED, is_record_of, read_record
from core.runs.run import Run
from core.runs.writer import KEPT
from tests.attacked import KINDS, XS, E, write_attacked_run


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    return write_attacked_run(tmp_path_factory.mktemp("attacked"))


@pytest.fixture
def copied(attacked, tmp_path):
    shutil.copytree(attacked.folder, tmp_path / "copied")
    return Run(tmp_path / "copied")


def test_a_record_is_read_as_it_was_written(attacked):
    record = read_record(attacked)
    assert record.xs.tolist() == list(XS)
    assert record.kinds == list(KINDS)
    assert record.levels("blur") == {1: 1.0, 2: 2.0}
    row = record.row(XS[1], "blur", 2)
    assert record.table.iloc[row][["x", "kind", "level"]].tolist() == [XS[1], "blur", 2]
    assert record.row(XS[1], UNCHANGED, 0) in record.rows(UNCHANGED)
    assert record.row(10**6, "blur", 2) is None
    assert record.earlier.shape == (len(record.table), E)
    of_run = record.earlier_of_run
    np.testing.assert_array_equal(of_run.of(of_run.xs[[3, 0]]), of_run.pooled[[3, 0]])
    assert record.packed("pictures", row).startswith(b"\xff\xd8")
    np.testing.assert_array_equal(
        record.logits.argmax(axis=1), record.table["predicted_c"].to_numpy()
    )


def test_a_run_without_a_record_has_none(run):
    assert read_record(run) is None


def _another_version(statement):
    statement["version"] = 99


def _other_stages(statement):
    statement["stages"] = {STAGES[0]: "other"}


@pytest.mark.parametrize("change", [_another_version, _other_stages])
def test_a_record_of_another_version_is_refused_with_the_remedy(copied, change):
    path = copied.folder / KEPT / "robustness.json"
    statement = json.loads(path.read_text("utf-8"))
    change(statement)
    path.write_text(json.dumps(statement), "utf-8")
    with pytest.raises(RunError, match=r"another version.*precompute attack copied"):
        read_record(copied)
    assert not is_record_of(copied.folder / KEPT, copied.manifest)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("robustness.json", b"{", r"cannot be read.*precompute attack copied"),
        ("table.parquet", b"no table", r"cannot be read.*precompute attack copied"),
        ("pooled.npy", b"no array", "cannot be read"),
        ("earlier.npy", b"no array", "cannot be read"),
    ],
)
def test_a_damaged_record_is_one_line(copied, name, content, message):
    (copied.folder / KEPT / name).write_bytes(content)
    with pytest.raises(RunError, match=message):
        read_record(copied)
