"""The examples in the docstrings of core."""

import doctest
import importlib

import pytest

from tests.system.test_imports import modules

EXAMPLES = [name for name, path in modules("core").items() if ">>> " in path.read_text("utf-8")]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_a_module_give_what_they_say(name):
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.attempted
    assert not outcome.failed
