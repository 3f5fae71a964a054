"""The confusion matrix and the order of its classes."""

import numpy as np
import pytest

from fieldmarks.core.scores.confusion import confusion_matrix, confusion_pairs
from fieldmarks.core.scores.similarity_order import similarity_order
from fieldmarks.core.search.image_selection import Criteria, select_images


def test_the_confusion_matrix_counts_test_images(run):
    expected = np.zeros((run.sizes["C"],) * 2, int)
    for row in run.images[~run.images["is_train"]].itertuples():
        expected[row.true_c, row.predicted_c] += 1
    np.testing.assert_array_equal(confusion_matrix(run), expected)


def test_confusion_pairs_count_every_failure_once(run):
    pairs = confusion_pairs(run)
    assert pairs["n"].sum() == len(select_images(run, Criteria()))
    assert np.all(np.diff(pairs["n"]) <= 0)
    for true, predicted, n, share in pairs.itertuples(index=False):
        assert true != predicted
        assert len(select_images(run, Criteria(true=true, predicted=predicted))) == n
        assert share == pytest.approx(n / run.classes["n_test"].iloc[true])


def test_classes_that_are_confused_stand_together():
    confusions = 50 * np.eye(6, dtype=int)
    pairs = [(0, 3), (1, 5), (2, 4)]
    for a, b in pairs:
        confusions[a, b] = confusions[b, a] = 30
    order = similarity_order(confusions, np.eye(6)).tolist()
    assert sorted(order) == list(range(6))
    assert all(abs(order.index(a) - order.index(b)) == 1 for a, b in pairs)


@pytest.mark.parametrize("C", [1, 2])
def test_one_or_two_classes_have_an_order_too(C):
    assert similarity_order(np.eye(C, dtype=int), np.eye(C)).tolist() == list(range(C))
