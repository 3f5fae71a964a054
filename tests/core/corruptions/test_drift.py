"""From an unchanged picture to a changed one: sentences, parts of filters, peaks."""

import numpy as np
import pytest

from fieldmarks.core.corruptions.drift import heatmaps_of, margin_changes, peaks_of, word_drift
from fieldmarks.core.corruptions.record import UNCHANGED, read_record
from fieldmarks.core.explanations.grounding import weighted_map
from tests.support.attacked import XS, write_attacked_run


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    return write_attacked_run(tmp_path_factory.mktemp("attacked"))


@pytest.fixture(scope="module")
def record(attacked):
    return read_record(attacked)


def test_words_are_gained_and_lost_against_the_unchanged_sentence(attacked, record):
    drift = word_drift(attacked, record, XS[0], "blur")
    assert len(drift.rows) == 3
    assert drift.gained(0) == drift.lost(0) == []
    for i in range(3):
        assert set(drift.gained(i)) == set(drift.said[i]) - set(drift.said[0]) - {-1}
        assert set(drift.lost(i)) == set(drift.said[0]) - set(drift.said[i]) - {-1}
    assert set(drift.words) == set(drift.said.ravel()) - {-1}
    np.testing.assert_allclose(drift.p.sum(axis=1), 1, atol=1e-4)


def test_parts_of_filters_sum_to_the_change_of_the_logits(attacked, record):
    for x in XS:
        before, after = record.row(x, UNCHANGED, 0), record.row(x, "blur", 2)
        old, new = (record.table["predicted_c"].iloc[row] for row in (before, after))
        first, last = (record.logits[row].astype(float) for row in (before, after))
        expected = last[new] - first[new]
        if old != new:
            expected -= last[old] - first[old]
        total = margin_changes(attacked, record, before, after).sum()
        assert total == pytest.approx(expected, abs=1e-4)


def test_heatmaps_are_those_of_the_run(attacked, record):
    row = record.row(XS[0], UNCHANGED, 0)
    t = record.words[row][0]
    cells = weighted_map(attacked.maps(XS[0]), attacked.array("evidence")[:, t])
    np.testing.assert_allclose(record.heat[row][0], cells, atol=2e-2)
    at = peaks_of(heatmaps_of(attacked, record, row))
    assert at.shape == (5, 2)
    assert ((at > 0) & (at < 1)).all()
