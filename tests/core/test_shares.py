import numpy as np
import pytest
from scipy import stats

from fieldmarks.core.shares import POSSIBLE, fisher, least_p, newcombe, q_values


def test_fisher_doubles_the_smaller_tail_of_the_table():
    for k, n, total_k, total in ((8, 8, 9, 20), (1, 8, 5, 20), (3, 10, 6, 40), (0, 5, 3, 12)):
        table = [[k, n - k], [total_k - k, total - n - total_k + k]]
        tails = [stats.fisher_exact(table, side).pvalue for side in ("less", "greater")]
        assert fisher(k, n, total_k, total) == pytest.approx(min(1, 2 * min(tails)))


def test_no_table_of_the_same_totals_has_a_smaller_p_value_than_the_least():
    for n, total_k, total in ((5, 3, 12), (8, 9, 20), (2, 30, 31)):
        ks = range(max(0, n + total_k - total), min(n, total_k) + 1)
        assert least_p(n, total_k, total) == pytest.approx(
            min(float(fisher(k, n, total_k, total)) for k in ks)
        )


def test_tests_that_cannot_be_significant_do_not_count():
    p = np.array([0.004, 0.5, 1.0, 1.0])
    assert q_values(p)[0] == pytest.approx(0.016)
    least = np.array([0.001, 0.001, 2 * POSSIBLE, 2 * POSSIBLE])
    assert q_values(p, least).tolist() == pytest.approx([0.008, 0.5, 1, 1])


def test_newcombe_takes_arrays_of_sizes():
    low, high = newcombe(np.array([56, 3]), np.array([70, 5]), np.array([48, 1]), np.array([80, 9]))
    assert low[0] == pytest.approx(0.0524, abs=1e-4)
    assert high[0] == pytest.approx(0.3339, abs=1e-4)
    assert low[1] < 3 / 5 - 1 / 9 < high[1]
