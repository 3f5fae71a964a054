"""Findings and their scores."""

import numpy as np
import pytest

from fieldmarks.core.causes.finding import squash


def test_a_score_is_one_half_in_the_middle_and_stays_within_zero_and_one():
    assert squash(np.array([2.0]), 2, 0.5) == pytest.approx(0.5)
    assert squash(np.array([-1e9, 1e9]), 0, 1).tolist() == pytest.approx([0, 1])
