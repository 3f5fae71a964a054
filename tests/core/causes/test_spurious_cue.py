"""Spurious cues: failures by surroundings are found and no others."""

import re
from dataclasses import replace

import numpy as np
import pytest

from fieldmarks.core.causes.diagnosis import diagnose
from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.causes.spurious_cue import find_spurious_cue
from tests.support.faulty_run import MISLED


@pytest.fixture(scope="module")
def diagnoses(faulty):
    return faulty.table("diagnoses")


def test_images_misled_by_their_surroundings_are_found_and_no_other_failure(faulty, diagnoses):
    misled = np.flatnonzero(diagnoses["pattern"] == Pattern.SPURIOUS_CUE)
    assert set(misled) == set(MISLED)
    finding = find_spurious_cue(faulty, faulty.failures)
    assert re.search(r"gives 3.3 of Class 0's lead of 3.2 over", finding.reason(MISLED[0]))


def test_only_failures_with_maps_are_searched_for_a_spurious_cue(faulty):
    right = np.flatnonzero(faulty.images["true_c"] == faulty.images["predicted_c"])
    finding = find_spurious_cue(faulty, right)
    assert (finding.score == 0).all()
    assert "Not tested" in finding.reason(int(right[0]))


def test_no_keypoint_is_read_unless_it_is_asked_for_and_told(faulty):
    told = diagnose(faulty, with_keypoints=True)
    without = {name: array for name, array in faulty.arrays.items() if name != "parts"}
    plain = diagnose(replace(faulty, arrays=without))
    reasons = {name: table["spurious_cue_reason"] for name, table in (("t", told), ("p", plain))}
    assert "Keypoints say where the object is." in reasons["t"].iloc[MISLED[0]]
    assert not plain.filter(like="reason").apply(lambda c: c.str.contains("eypoint")).any(axis=None)
    assert (plain["pattern"] == told["pattern"]).all()
