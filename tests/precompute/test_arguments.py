"""Numbers of the command line."""

import argparse

import pytest

from fieldmarks.precompute.arguments import positive


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (int, "0", "0 is not above 0"),
        (float, "nan", "nan is not above 0"),
        (float, "inf", "inf is above 1,000,000,000"),
        (int, "1" + 300 * "0", "is above 1,000,000,000"),
    ],
)
def test_numbers_without_end_are_refused(kind, text, message):
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        positive(kind)(text)


def test_other_numbers_are_read():
    assert positive(int)("8") == 8
    assert positive(float)("1e-3") == 0.001
