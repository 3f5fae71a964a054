"""Which training labels are suspected: the diagnosis, and reviewers who count more."""

import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.errors import DataError
from fieldmarks.core.repair.doubted_labels import corrected_labels, doubted_labels
from tests.support.synthetic_run import write_synthetic_run


def verdict(path: str, pattern: str, is_reviewed: bool) -> pd.DataFrame:
    row = {"path": [path], "pattern": [pattern], "is_reviewed": [is_reviewed]}
    return pd.DataFrame(row).set_index("path")


def suspects(run) -> np.ndarray:
    return (run.table("diagnoses")["wrong_label"] >= 0.5).to_numpy()


def test_without_verdicts_the_suspects_are_doubted(faulty):
    np.testing.assert_array_equal(doubted_labels(faulty), suspects(faulty))


@pytest.mark.parametrize(
    ("is_suspect", "pattern", "is_reviewed", "expected"),
    [
        (False, "wrong label", False, True),
        (True, "wrong label", True, True),
        (True, "", True, False),
        (True, "spurious cue", True, False),
        (True, "", False, True),  # opened, not yet judged
        (False, "", True, False),
    ],
)
def test_a_verdict_counts_more_than_the_diagnosis(
    faulty, is_suspect, pattern, is_reviewed, expected
):
    x = int(np.flatnonzero(suspects(faulty) == is_suspect)[0])
    path = faulty.images["path"][x]
    doubted = doubted_labels(faulty, verdict(path, pattern, is_reviewed))
    assert doubted[x] == expected
    others = np.arange(len(doubted)) != x
    np.testing.assert_array_equal(doubted[others], suspects(faulty)[others])


def test_only_doubted_labels_are_corrected(faulty):
    is_doubted = suspects(faulty)
    corrected = corrected_labels(faulty, is_doubted)
    true_c = faulty.images["true_c"].to_numpy()
    for x in range(len(true_c)):
        suggested = faulty.table("diagnoses")["suggested_c"][x]
        assert corrected[x] == (suggested if is_doubted[x] else true_c[x])


def test_without_diagnoses_nothing_is_suspected_and_nothing_suggested(tmp_path):
    run = write_synthetic_run(tmp_path)
    with pytest.raises(DataError, match="has no diagnoses, so no label is suspected"):
        doubted_labels(run)
    path = run.images["path"][4]
    doubted = doubted_labels(run, verdict(path, "wrong label", False))
    assert np.flatnonzero(doubted).tolist() == [4]
    with pytest.raises(DataError, match="no other class is suggested"):
        corrected_labels(run, doubted)
