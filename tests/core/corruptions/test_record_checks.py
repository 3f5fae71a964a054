"""What makes a record of changed pictures readable."""

import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.corruptions.record_checks import are_losses, is_whole

KINDS = ("none", "PGD", "blur")


def _table(**columns):
    whole = {
        "x": [0, 0, 1, 1],
        "kind": ["none", "PGD", "none", "blur"],
        "level": [0, 1, 0, 1],
        "strength": [0.0, 1.0, 0.0, 2.0],
        "predicted_c": [0, 1, 1, 1],
    }
    return pd.DataFrame(whole | columns)


def test_a_table_of_pictures_with_their_unchanged_ones_is_whole():
    assert is_whole(_table(), 2, 2, "none", KINDS)


@pytest.mark.parametrize(
    "columns",
    [
        {"x": [0, 0, 2, 2]},
        {"predicted_c": [0, 1, 1, 2]},
        {"kind": ["none", "fog", "none", "blur"]},
        {"kind": ["none", "PGD", "PGD", "blur"]},
        {"level": [0, 1, 0, 0], "kind": ["none", "PGD", "none", "none"]},
        {"strength": [0.0, np.nan, 0.0, 2.0]},
    ],
)
def test_a_table_with_a_picture_out_of_place_is_not(columns):
    assert not is_whole(_table(**columns), 2, 2, "none", KINDS)


SCORE = {"value": 0.5, "low": 0.4, "high": None}
WORD = {"kind": "blur", "t": 0, "n": 3, "by_level": [1.0], "mean": SCORE, "difference": SCORE}


@pytest.mark.parametrize(
    ("statement", "is_readable"),
    [
        ({}, True),
        ({"words": [WORD]}, True),
        ({"words": [WORD | {"kind": "rain"}]}, False),
        ({"words": [WORD | {"t": 5}]}, False),
        ({"words": [WORD | {"mean": {}}]}, False),
        ({"words": [3]}, False),
    ],
)
def test_lost_words_are_readable_where_every_part_is_there(statement, is_readable):
    assert are_losses(statement, 5, ("blur",)) is is_readable
