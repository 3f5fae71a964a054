"""What an attribute is."""

import pytest

from fieldmarks.core.attributes.attribute import KINDS, Attribute

PHRASES = {
    "pair": (Attribute("red", "head"), "red head"),
    "noun": (Attribute("", "polka dot", "noun"), "polka dot"),
    "is": (Attribute("navy blue", "colour", "is"), "navy blue"),
    "tag": (Attribute("vintage", "", "tag"), "vintage"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_phrase_is_what_a_person_would_type(kind):
    attribute, phrase = PHRASES[kind]
    assert attribute.kind == kind
    assert attribute.phrase == phrase


def test_attributes_of_equal_words_and_kind_are_equal():
    assert len({Attribute("red", "head"), Attribute("red", "head", "pair")}) == 1
    assert Attribute("striped", "look", "is") != Attribute("striped", "look")
