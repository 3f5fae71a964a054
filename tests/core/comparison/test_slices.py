"""Slices of the images of two runs."""

import pytest

from fieldmarks.core.comparison.slices import slices


def test_slices_count_their_images(run, comparison):
    table = slices(comparison)
    assert set(table["kind"]) <= {"cause", "slice", "attribute", "quality"}
    row = table[table["kind"] == "attribute"].iloc[0]
    t = list(run.attributes["phrase"]).index(row["name"])
    named = run.counts[comparison.xs_first].todense()[:, t] > 0
    assert row["n"] == named.sum()
    change_ = row["accuracy_second"] - row["accuracy_first"]
    assert change_ * row["n"] == pytest.approx(row["n_fixed"] - row["n_broken"])


def test_a_saved_group_is_a_row_of_its_own_and_stands_first(run, comparison):
    xs = comparison.xs_first[:3]
    paths = [str(run.images["path"].iloc[x]) for x in xs]
    table = slices(comparison, {"in the snow": [*paths, "gone.jpg"], "empty": ["gone.jpg"]})
    first = table.iloc[0]
    assert (first["kind"], first["name"], first["n"]) == ("group", "in the snow", 3)
    right = (comparison.true_c == comparison.predicted_first)[:3].mean()
    assert first["accuracy_first"] == pytest.approx(right)
    assert "empty" not in set(table["name"])
