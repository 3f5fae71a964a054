"""Phrases and their attributes."""

import pytest

from fieldmarks.core.errors import MissingRunError
from fieldmarks.core.run.phrases import attribute_named, t_of_phrase


def test_each_phrase_names_its_attribute(run):
    for t, phrase in enumerate(run.attributes["phrase"]):
        assert attribute_named(run, phrase) == t
    assert len(t_of_phrase(run)) == run.sizes["T"]


def test_a_phrase_that_the_run_lacks_is_refused(run):
    with pytest.raises(MissingRunError, match="has no attribute 'green fur'"):
        attribute_named(run, "green fur")
