"""The contract on disk: arrays and tables of a run, their sizes, types and meaning."""

import numpy as np
import pytest

from fieldmarks.core.run.contract import ARRAYS, PACKS, array_spec, expected_shape
from fieldmarks.core.run.tables import TABLES


def test_every_array_of_the_contract_has_its_shape_and_type(run):
    kept = {name.partition("/")[0] for name in run.array_names}
    for spec in ARRAYS:
        if spec.optional and spec.name not in kept:
            continue
        names = [name for name in run.array_names if name.partition("/")[0] == spec.name]
        array = run.array(spec.name, names[0].partition("/")[2] or None)
        assert array.dtype == np.dtype(spec.dtype), spec.name
        assert array.ndim == len(spec.dims), spec.name
        assert not array.flags.writeable, spec.name


def test_distributions_sum_to_one(run):
    for spec in (spec for spec in ARRAYS if spec.is_distribution):
        np.testing.assert_allclose(run.array(spec.name).sum(axis=-1), 1, rtol=1e-5)


def test_every_table_of_the_contract_has_its_columns_and_rows(run):
    for spec in TABLES:
        path = run.folder / "tables" / f"{spec.name}.parquet"
        if spec.optional and not path.exists():
            continue
        table = run.table(spec.name)
        assert set(table.columns) >= set(spec.columns), spec.name
        assert len(table) == run.sizes[spec.rows], spec.name


def test_names_are_unique_and_every_array_says_what_it_means():
    names = [spec.name for spec in ARRAYS]
    assert len(set(names)) == len(names)
    assert all(spec.meaning for spec in ARRAYS)
    assert {f"{kind}_offsets" for kind in PACKS} <= set(names)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("pooled", (9, 4)),
        ("p_t_given_f/ridge", (4, 7)),
        ("counts_indptr", (10,)),
        ("cell_centres", (3, 2, 2)),
    ],
)
def test_a_shape_is_read_from_the_letters(name, shape):
    assert expected_shape(array_spec(name), {"X": 9, "F": 4, "T": 7, "H": 3, "W": 2}) == shape


def test_an_array_that_the_contract_lacks_is_an_error():
    with pytest.raises(KeyError):
        array_spec("saliency")
