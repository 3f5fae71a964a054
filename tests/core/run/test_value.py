"""A run is a value: made in memory, changed by making another one."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.errors import MissingRunError
from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.explanations.grounding import ground
from fieldmarks.core.run.run import Run


@pytest.fixture
def copied(run) -> Run:
    """The same run, in memory alone."""
    arrays = {name: np.array(array) for name, array in run.arrays.items()}
    tables = {name: run.table(name).copy() for name in run.table_names}
    return Run(run.manifest, arrays, tables)


def test_a_run_in_memory_is_explained_as_the_one_on_disk(run, copied):
    for x in range(5):
        assert explain(copied, x).sentence == explain(run, x).sentence
        np.testing.assert_array_equal(ground(copied, x, 1), ground(run, x, 1))


def test_sizes_are_those_of_the_arrays_where_the_manifest_says_none(run, copied):
    stated = {"estimators": run.estimators, "default_estimator": run.default_estimator}
    sizes = Run(stated, copied.arrays, copied.tables).sizes
    assert {letter: sizes[letter] for letter in run.sizes} == run.sizes


def test_a_run_in_memory_says_what_it_has_not(copied):
    with pytest.raises(MissingRunError, match="write it first"):
        copied.folder  # noqa: B018
    with pytest.raises(MissingRunError, match="has no thumbs"):
        copied.packed("thumb", 0)
    with pytest.raises(MissingRunError, match="has no table 'diagnoses'"):
        copied.changed().table("diagnoses")
    with pytest.raises(MissingRunError, match="has no pooled; it has logits"):
        Run(copied.manifest, {"logits": np.zeros((1, 1))}, {}).array("pooled")


def test_a_run_is_not_changed(run):
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.arrays = {}  # pyright: ignore


def test_a_changed_run_has_what_is_given_and_shares_the_rest(run):
    logits = np.zeros_like(run.array("logits"))
    weights = np.zeros_like(run.array("class_weights"))
    images = run.images.assign(predicted_c=np.int32(0))
    other = run.changed({"logits": logits, "class_weights": weights}, {"images": images})
    assert (other.array("logits") == 0).all()
    assert (other.images["predicted_c"] == 0).all()
    assert (other.head.weights == 0).all()
    assert other.array("pooled") is run.array("pooled")
    assert other.classes is run.classes
    assert other.packed("thumb", 2) == run.packed("thumb", 2)
    assert not (run.array("logits") == 0).all()
    assert (run.head.weights != 0).any()


def test_counts_of_a_changed_run_are_its_own(run):
    n = run.counts.nnz
    assert n
    none = {"counts_values": np.zeros(0, np.uint16), "counts_indices": np.zeros(0, np.int32)}
    none["counts_indptr"] = np.zeros(run.sizes["X"] + 1, np.int64)
    assert (run.changed(none).counts.nnz, run.counts.nnz) == (0, n)


def test_tables_can_be_frames_alone():
    run = Run(
        {"estimators": ["a"], "default_estimator": "a"},
        {"pooled": np.zeros((2, 3), np.float32)},
        {"images": pd.DataFrame({"true_c": [0, 1], "predicted_c": [0, 0]})},
    )
    assert run.sizes == {"X": 2, "F": 3}
    assert run.is_right.tolist() == [True, False]
