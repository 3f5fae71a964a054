"""Attributes that are frequent and never meet exclude each other; a slip and rare words do not."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from fieldmarks.core.explanations.attribute_ranking import top_attributes
from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.explanations.never_together import excluding, never_together

NONE = np.zeros(2, bool)


def images(n_first: int, n_second: int, n_both: int, n_neither: int) -> sparse.csr_array:
    """Return images with the first, the second, both or neither of two attributes."""
    rows = [[1, 0]] * n_first + [[0, 2]] * n_second + [[1, 1]] * n_both + [[0, 0]] * n_neither
    return sparse.csr_array(np.array(rows))


@pytest.mark.parametrize(
    ("counts", "excluded"),
    [
        ((50, 50, 0, 0), True),
        ((50, 50, 0, 900), False),  # chance would give 2.5 images with both
        ((20, 20, 0, 90), True),
        ((10, 10, 0, 90), False),
        ((100, 100, 1, 100), True),  # a slip of a writer: chance would give 34
        ((100, 100, 5, 100), False),
        ((0, 50, 50, 50), False),
        ((0, 0, 0, 50), False),
    ],
)
def test_frequent_attributes_that_never_meet_exclude_each_other(counts, excluded):
    result = excluding(images(*counts), NONE).toarray()
    assert result[0, 1] == result[1, 0] == excluded
    assert not result.diagonal().any()


def test_two_exempt_attributes_never_exclude_each_other():
    counts = images(50, 50, 0, 0)
    assert not excluding(counts, np.array([True, True])).toarray().any()
    assert excluding(counts, np.array([True, False])).toarray().any()


def test_it_is_what_a_loop_over_pairs_gives():
    rng = np.random.default_rng(0)
    counts = (rng.random((80, 12)) < rng.random(12)).astype(int)
    counts[:, 3] *= 1 - counts[:, 2]
    exempt = rng.random(12) < 0.3
    result = excluding(sparse.csr_array(counts), exempt).toarray()
    for i in range(12):
        for j in range(12):
            both = int((counts[:, i] & counts[:, j]).sum())
            expected = counts[:, i].sum() * counts[:, j].sum() / 80
            is_excluded = expected >= 3 and both <= expected / 20 and not (exempt[i] and exempt[j])
            assert result[i, j] == is_excluded


def test_only_the_more_probable_of_two_that_exclude_each_other_is_in_a_sentence():
    attributes = pd.DataFrame(
        {"adjective": ["solid", "", "red"], "noun": ["pattern", "stripe", "colour"]}
    ).assign(kind=["is", "noun", "is"])
    excludes = sparse.csr_array(np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]], bool))
    p = np.array([[0.5, 0.3, 0.2], [0.3, 0.5, 0.2]])
    assert top_attributes(p, attributes, 3, excludes).tolist() == [[0, 2, -1], [1, 2, -1]]
    assert top_attributes(p, attributes, 3).tolist() == [[0, 1, 2], [1, 0, 2]]


def test_test_images_and_pairs_of_adjective_and_noun_decide_nothing(run):
    assert (run.attributes["kind"] == "pair").all()
    assert never_together(run).nnz == 0


def test_sentences_of_a_run_of_products_keep_to_it(run, monkeypatch):
    before = explain(run, 0).attributes
    T = run.sizes["T"]
    excludes = np.zeros((T, T), bool)
    excludes[before[0]] = True
    excludes[:, before[0]] = True
    excludes[before[0], before[0]] = False
    monkeypatch.setattr(
        "fieldmarks.core.explanations.explanation.never_together",
        lambda _: sparse.csr_array(excludes),
    )
    after = explain(run, 0).attributes
    assert after == [before[0]] or before[0] not in after
