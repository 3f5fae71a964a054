"""The fewest words that say all attributes, against trying every set of words."""

from itertools import combinations

import numpy as np
import pytest

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.core.explanations.words_needed import words_needed

ADJECTIVES, NOUNS = ("red", "white", "long", "small"), ("bill", "wing", "belly", "head")


def slow(attributes: list[Attribute]) -> int:
    said = [{f"a {each.adjective}", f"n {each.noun}"} for each in attributes]
    words = sorted(set().union(*said))
    return next(
        n
        for n in range(len(words) + 1)
        if any(all(each & set(chosen) for each in said) for chosen in combinations(words, n))
    )


@pytest.mark.parametrize("seed", range(30))
def test_no_smaller_set_of_words_says_all_attributes(seed):
    rng = np.random.default_rng(seed)
    pairs = [(a, n) for a in ADJECTIVES for n in NOUNS if rng.random() < 0.3]
    attributes = [Attribute(*pair) for pair in pairs]
    assert words_needed(attributes) == slow(attributes)


def test_an_attribute_of_one_word_is_a_word():
    assert words_needed([]) == 0
    assert words_needed([Attribute("", "polka dot", "noun")]) == 1
    assert words_needed([Attribute("", "polka dot", "noun"), Attribute("", "stripe", "noun")]) == 2
    blue, red = Attribute("navy blue", "colour", "is"), Attribute("red", "colour", "is")
    assert words_needed([blue, red, Attribute("red", "sole")]) == 2
    assert words_needed([Attribute("vintage", "", "tag")]) == 1
