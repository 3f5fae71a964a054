"""Whether a filter has a name."""

import numpy as np

from fieldmarks.core.estimators.significance import FEW_NAMES, filters_table
from fieldmarks.core.name_status import MAX_Q, NameStatus


def test_the_table_of_filters_holds_nothing_else(run):
    assert set(run.filters["verdict"]) <= set(map(str, NameStatus))


def test_a_filter_has_a_name_where_an_attribute_lies_below_the_rate_and_several_where_many_do():
    n_names = FEW_NAMES + 1
    p, q_value = np.full((3, 2 * n_names), 0.01), np.ones((3, 2 * n_names))
    p[1, 0], p[2, n_names:] = 0.9, 0.9 / n_names
    q_value[0, 1] = MAX_Q  # not below
    q_value[1, 0] = q_value[2, n_names:] = MAX_Q * 0.99
    table = filters_table(p, q_value, np.ones((2, 3)))
    assert table["verdict"].tolist() == [NameStatus.NONE, NameStatus.NAMED, NameStatus.SEVERAL]
