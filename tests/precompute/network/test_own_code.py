"""Whatever code of a network's author raises is one line."""

import asyncio

import pytest

from fieldmarks.core.errors import ModelError
from fieldmarks.precompute.network.own_code import own_code


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (ValueError("no\nroom"), r"it fails \(ValueError: no\)"),
        (GeneratorExit(), r"it fails \(GeneratorExit: .*\)"),
        (asyncio.CancelledError(), r"it fails \(CancelledError: .*\)"),
        (SystemExit(0), r"it ends the program by sys.exit\(0\)"),
    ],
)
def test_what_foreign_code_raises_is_one_line(raised, message):
    with pytest.raises(ModelError, match=message), own_code("it"):
        raise raised


def test_ctrl_c_in_foreign_code_ends_the_command():
    with pytest.raises(KeyboardInterrupt), own_code("it"):
        raise KeyboardInterrupt
