import json
import os
import time

import numpy as np
import pytest

from fieldmarks.core.errors import MissingRunError, RunError
from fieldmarks.core.name_status import NameStatus
from fieldmarks.core.run import progress
from fieldmarks.core.run.files import MANIFEST, PROGRESS, array_path
from fieldmarks.core.run.manifest import files_of_run
from fieldmarks.core.run.progress import read_progress, reported
from fieldmarks.core.run.reading import read_run
from tests.support.synthetic_run import write_synthetic_run

NAMES = ["q_value", "null_high", "tables/filters.parquet"]


def await_stage(folder, **pending):
    """Say in the manifest of a run that stages are to be computed."""
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, "pending": pending}))
    return read_run(folder)


def test_what_lies_there_of_a_stage_that_is_not_whole_is_no_part_of_the_run(tmp_path):
    folder = write_synthetic_run(tmp_path).folder
    array_path(folder, "q_value").write_bytes(b"half of it")
    array_path(folder, "null_high").unlink()
    run = await_stage(folder, names=NAMES, diagnoses=["tables/diagnoses.parquet"])
    assert not {"q_value", "null_high"} & set(run.array_names)
    assert "diagnoses" not in run.table_names
    with pytest.raises(MissingRunError, match="has no table"):
        run.table("diagnoses")
    assert "arrays/q_value.npy" in (files_of_run(folder) or [])


def test_filters_have_no_names_before_the_permutation_test(tmp_path):
    run = write_synthetic_run(tmp_path)
    entropy, top_c = (run.filters[name].to_numpy() for name in ("entropy", "top_c"))
    before = await_stage(run.folder, names=NAMES).filters
    assert (before["name_t"] == -1).all()
    assert (before["verdict"] == NameStatus.NONE).all()
    p = np.asarray(run.array("p_t_given_f"), float)
    by_loop = [-sum(each * np.log2(each) for each in row if each > 0) for row in p]
    np.testing.assert_allclose(before["entropy"], by_loop, rtol=1e-5)
    assert before.dtypes.equals(run.filters[before.columns].dtypes)
    assert len(entropy) == len(before)
    assert (before["top_c"].to_numpy() == run.array("class_weights").argmax(axis=0)).all()
    assert len(top_c) == len(before)


def test_what_needs_the_whole_run_is_refused_until_it_is_complete(tmp_path):
    run = write_synthetic_run(tmp_path)
    run.require_complete()
    with pytest.raises(RunError, match="layout are still computed: wait"):
        await_stage(run.folder, layout=["layout"]).require_complete()


@pytest.mark.parametrize("pending", [[], {"layout": "layout"}, {"layout": [1]}])
def test_a_manifest_with_another_kind_of_pending_is_damaged(tmp_path, pending):
    folder = write_synthetic_run(tmp_path).folder
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, "pending": pending}))
    with pytest.raises(RunError, match="expected the files of each stage"):
        read_run(folder)


def test_progress_is_read_while_a_living_process_reports_it(tmp_path, monkeypatch):
    assert read_progress(tmp_path) is None
    monkeypatch.setattr(progress, "TOUCHED_EVERY", 0.01)
    with reported(tmp_path, "layout"):
        os.utime(tmp_path / PROGRESS, (0, 0))
        for _ in range(200):
            if (said := read_progress(tmp_path)) is not None:
                break
            time.sleep(0.01)
        assert said is not None
        assert said.stage == "layout"
        assert 0 <= said.seconds < 60
    assert not (tmp_path / PROGRESS).exists()


@pytest.mark.parametrize("content", ["", "[]", '{"stage": "layout"}', '{"stage": 1, "began": "x"}'])
def test_a_damaged_report_and_one_of_a_dead_process_say_nothing(tmp_path, content):
    (tmp_path / PROGRESS).write_text(content)
    assert read_progress(tmp_path) is None
    (tmp_path / PROGRESS).write_text(json.dumps({"stage": "layout", "began": time.time()}))
    assert read_progress(tmp_path) is not None
    os.utime(tmp_path / PROGRESS, (0, 0))
    assert read_progress(tmp_path) is None
