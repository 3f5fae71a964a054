"""Corruptions: each level changes more."""

import numpy as np
import pytest

from fieldmarks.core.corruptions.record import CORRUPTIONS
from fieldmarks.precompute.corruptions.corruptions import LEVELS, corrupt


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_each_level_of_a_corruption_changes_more(kind):
    # smooth, as photographs are: coloured stripes
    stripes = 127 + 100 * np.sin(np.arange(64) / 1.5)[:, None, None] * np.array([1, -0.5, 0.3])
    picture = np.broadcast_to(stripes, (64, 64, 3)).astype(np.uint8)
    changes = [
        np.abs(corrupt(picture, kind, n, np.random.default_rng(0)).astype(int) - picture).mean()
        for n in range(1, LEVELS + 1)
    ]
    assert all(change > 0 for change in changes)
    assert changes[-1] > changes[0]


@pytest.mark.parametrize(("kind", "level"), [("fog", 1), ("blur", 0), ("blur", 6)])
def test_an_unknown_corruption_is_refused(kind, level):
    with pytest.raises(ValueError, match="no corruption"):
        corrupt(np.zeros((8, 8, 3), np.uint8), kind, level, np.random.default_rng(0))
