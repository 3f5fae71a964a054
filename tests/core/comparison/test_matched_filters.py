"""Filters of two networks, matched by what they do."""

import numpy as np

from fieldmarks.core.comparison.matched_filters import matched_filters


def test_filters_are_matched_by_what_they_do_not_by_their_number(run, second, comparison):
    table = matched_filters(comparison)
    shift = second.sizes["F"] - 3  # the second run holds the same filters, three places on
    assert (table["g"] == (table["f"] - shift) % second.sizes["F"]).all()
    assert table["is_mutual"].all()
    np.testing.assert_allclose(table["correlation"], 1, atol=1e-5)
    np.testing.assert_allclose(table["word_similarity"], 1, atol=1e-5)
