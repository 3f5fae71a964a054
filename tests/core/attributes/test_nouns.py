"""What is known of the nouns of a data set."""

import pytest

from fieldmarks.core.attributes.nouns import NUMBERS, Nouns

NOUNS = Nouns(
    number={"wing": "several", "down": "mass", "bird": "whole", "wing bar": "one"},
    part={"bill": "beak"},
)


@pytest.mark.parametrize(
    ("noun", "number"),
    [
        ("wing", "several"),
        ("upper wing", "several"),  # what is several is so in a compound too
        ("wing bar", "one"),  # a compound that is listed is what the list says
        ("down", "mass"),
        ("eider down", "one"),  # a mass noun is one only by itself
        ("bird", "whole"),
        ("water bird", "one"),
        ("bill", "one"),
    ],
)
def test_the_number_of_a_noun_is_listed_or_that_of_its_last_word(noun, number):
    assert NOUNS.number_of(noun) == number
    assert number in NUMBERS


def test_a_noun_without_a_part_names_none():
    assert NOUNS.part_of("bill") == "beak"
    assert NOUNS.part_of("wing") == ""


def test_of_a_data_set_without_a_file_every_noun_is_one():
    assert Nouns().number_of("wing") == "one"
    assert Nouns().part_of("bill") == ""
    assert Nouns().ends_phrase == frozenset()
