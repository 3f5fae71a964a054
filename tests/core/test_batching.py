"""What is worked out block by block is what one block gives: memory must not decide a figure."""

from importlib import import_module

import numpy as np
import pytest

from fieldmarks.core import batching as module
from fieldmarks.core import bootstrap
from fieldmarks.core.batching import RowSubset
from fieldmarks.core.causes import label_evidence
from fieldmarks.core.causes.diagnosis import diagnose
from fieldmarks.core.estimators import ESTIMATORS, estimate
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.scores import average_precision
from fieldmarks.core.scores.evaluation import evaluate
from fieldmarks.core.scores.result import as_json

pytestmark = pytest.mark.slow

#: Images and entries that estimators work on at a time, by the module's name and the constant's.
SIZES = {
    "literal.IMAGES": 4,
    "ridge.IMAGES": 4,
    "mixture._IMAGES": 4,
    "mixture._ENTRIES": 2,
    "places._IMAGES": 3,
}


def figures(value) -> list[float]:
    """All numbers of nested JSON in order; None as NaN."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for item in value for number in figures(item)]
    return [] if isinstance(value, str) else [np.nan if value is None else float(value)]


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of three rows and of a few entries everywhere."""

    def shrink():
        monkeypatch.setattr(module.blocks, "__defaults__", (3,))
        monkeypatch.setattr(bootstrap, "_ENTRIES", 50)
        monkeypatch.setattr(average_precision, "_ENTRIES", 5)
        monkeypatch.setattr(label_evidence, "_ENTRIES", 40)

    return shrink


def test_scores_do_not_depend_on_the_size_of_blocks(run, small_blocks):
    whole = evaluate(run)
    small_blocks()
    parts = evaluate(run)
    figures_of = (figures(as_json(each)) for each in (parts, whole))
    np.testing.assert_allclose(*figures_of, rtol=1e-5, atol=1e-7)


def test_diagnoses_do_not_depend_on_the_size_of_blocks(run, small_blocks):
    whole = diagnose(run)
    small_blocks()
    parts = diagnose(run)
    for column in whole:
        if whole[column].dtype.kind == "f":
            np.testing.assert_allclose(parts[column], whole[column], atol=1e-6)
        else:
            assert parts[column].tolist() == whole[column].tolist()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimates_do_not_depend_on_the_size_of_blocks(name, run, small_blocks, monkeypatch):
    whole = estimate(name, inputs_of(run))
    small_blocks()
    for place, size in SIZES.items():
        home, _, constant = place.rpartition(".")
        monkeypatch.setattr(import_module(f"fieldmarks.core.estimators.{home}"), constant, size)
    parts = estimate(name, inputs_of(run))
    for field in ("p_t_given_f", "evidence", "evidence_bias"):
        np.testing.assert_allclose(getattr(parts, field), getattr(whole, field), atol=2e-5)


def test_rows_read_what_is_sliced():
    array = np.arange(12.0).reshape(6, 2)
    rows = RowSubset(array, np.array([5, 0, 3]))
    assert rows.shape == (3, 2)
    np.testing.assert_array_equal(rows[1:], array[[0, 3]])
