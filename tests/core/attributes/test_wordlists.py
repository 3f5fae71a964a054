"""Word lists agree with each other and with the language of the birds."""

from itertools import combinations

import pytest

from fieldmarks.core.attributes.wordlists import COLOURS, OPPOSITES, SYNONYMS
from fieldmarks.precompute.data.language import BIRDS


@pytest.mark.parametrize("groups", [SYNONYMS, BIRDS.synonym_groups])
def test_a_word_is_in_one_group_of_synonyms(groups):
    words = [word for group in groups for word in group]
    assert sorted(set(words)) == sorted(words)


def test_no_word_is_its_own_opposite_or_in_two_dimensions():
    for one, other in combinations([pole for pair in OPPOSITES for pole in pair], 2):
        assert not one & other


@pytest.mark.parametrize("group", SYNONYMS)
def test_synonyms_are_never_opposites(group):
    poles = [pole for pair in OPPOSITES for pole in pair if pole & set(group)]
    assert len(poles) <= 1


@pytest.mark.parametrize("group", SYNONYMS)
def test_synonyms_are_all_colours_or_none_is(group):
    assert len({word in COLOURS for word in group} - {None}) == 1 or group == ("gray", "grey")


def test_words_are_single_and_in_lower_case():
    words = [*COLOURS, *(w for pair in OPPOSITES for pole in pair for w in pole)]
    words += [word for group in SYNONYMS for word in group]
    assert [word for word in words if not word.isalpha() or not word.islower()] == []
