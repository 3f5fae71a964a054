"""Slices of the images of two runs."""

import pytest

from fieldmarks.core.comparison.slices import slices


def test_slices_count_their_images(run, comparison):
    table = slices(comparison)
    assert set(table["kind"]) <= {"pattern", "slice", "attribute", "quality"}
    row = table[table["kind"] == "attribute"].iloc[0]
    t = list(run.attributes["phrase"]).index(row["name"])
    named = run.counts[comparison.xs_first].todense()[:, t] > 0
    assert row["n"] == named.sum()
    change_ = row["accuracy_second"] - row["accuracy_first"]
    assert change_ * row["n"] == pytest.approx(row["n_fixed"] - row["n_broken"])
