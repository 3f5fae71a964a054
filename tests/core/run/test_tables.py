"""The tables of a run, as data."""

import numpy as np
import pandas as pd

from fieldmarks.core.run.tables import NEW_COLUMNS, TABLES


def test_every_table_is_named_once_and_says_what_its_first_column_means():
    names = [spec.name for spec in TABLES]
    assert len(set(names)) == len(names)
    # an empty meaning is that of the column before
    assert all(next(iter(spec.columns.values()))[1] for spec in TABLES)


def test_every_column_has_a_type_that_an_empty_table_can_have():
    for spec in TABLES:
        for name, (dtype, _) in spec.columns.items():
            column = pd.Series([], dtype=dtype, name=name)
            assert dtype == "str" or column.dtype == np.dtype(dtype), f"{spec.name}.{name}"


def test_columns_that_earlier_runs_lack_are_those_of_tables():
    columns = {
        name
        for spec in TABLES
        if spec.name in ("images", "attributes", "diagnoses")
        for name in spec.columns
    }
    assert set(NEW_COLUMNS) <= columns
