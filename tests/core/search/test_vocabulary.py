"""How words that people type are matched to attributes and classes."""

import pytest

from fieldmarks.core.search.query import parse
from fieldmarks.core.search.vocabulary import fold
from tests.support.phrases import PHRASES, signed


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("yellow belly", ["yellow belly"]),
        ("  Yellow   BELLY ", ["yellow belly"]),
        ("yellow belly, not long bill", ["yellow belly", "-long bill"]),
        ("yellow belly and no long bill", ["yellow belly", "-long bill"]),
        ("a yellow belly without a long bill", ["yellow belly", "-long bill"]),
        ("yellow belly !long bill", ["yellow belly", "-long bill"]),
        ("yellow belly long bill", ["yellow belly", "long bill"]),
        ("not red head not white belly", ["-red head", "-white belly"]),
        ("black and white wings", ["black wing", "white wing"]),
        ("short, black bill", ["short bill", "black bill"]),
        ("short, black bill wrong", ["short bill", "black bill"]),
        ("yelow bellies", ["yellow belly"]),
        ("long beak", ["long bill"]),
        ("gray wing-bars", ["grey wingbar"]),
        ("white stomach", ["white belly"]),
        ("yellow belly;long bill & red head", ["yellow belly", "long bill", "red head"]),
        ("", []),
        (" , ,, and ", []),
    ],
)
def test_attributes_are_read_as_they_are_meant(vocabulary, text, terms):
    query = parse(text, vocabulary)
    assert signed(query) == terms
    assert not query.unknown


@pytest.mark.parametrize("text", ["black belly", "purple head", "zzz", "x" * 1000, "ж"])
def test_a_word_that_is_known_is_never_taken_for_another(vocabulary, text):
    query = parse(text, vocabulary)
    assert not query.terms
    (near,) = query.unknown.values()
    assert set(near) <= set(PHRASES)


def test_what_is_unknown_offers_the_same_noun_first(vocabulary):
    (near,) = parse("purple belly", vocabulary).unknown.values()
    assert set(near[:2]) == {"yellow belly", "white belly"}


@pytest.mark.parametrize(
    ("text", "true", "predicted"),
    [
        ("true:035", 0, None),
        ("true:35 predicted:037", 0, 1),
        ("TRUE: 35", 0, None),
        ('pred:"acadian flycatcher"', None, 1),
        ("predicted:flycatcher", None, 1),
        ('true:"groove_billed ani"', 2, None),
    ],
)
def test_classes_go_by_number_or_name(vocabulary, text, true, predicted):
    query = parse(text, vocabulary)
    assert (query.true, query.predicted) == (true, predicted)
    assert not query.unknown


@pytest.mark.parametrize("text", ["true:99", "predicted:0", "true:-1", "true:1e3"])
def test_an_unknown_class_is_named_with_its_neighbours(vocabulary, text):
    query = parse(text, vocabulary)
    assert query.true is None
    assert query.predicted is None
    (near,) = query.unknown.values()
    assert all(parse(each, vocabulary).unknown == {} for each in near)


def test_names_are_compared_without_case_and_marks():
    assert fold("Black_footed-Albatross") == fold("black  footed albatross")


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("wingbar", {"grey wingbar"}),
        ("wing bar", {"grey wingbar"}),
        ("Wing-bars", {"grey wingbar"}),
        ("bar", {"grey wingbar"}),
        ("wing", {"grey wingbar", "black wing", "white wing"}),
        ("wings", {"grey wingbar", "black wing", "white wing"}),
        ("yell", {"yellow belly"}),
        ("gray wingbar", {"grey wingbar"}),
        ("wing black", {"black wing"}),
        ("beak", {"long bill", "short bill", "black bill"}),
        ("bellys", {"yellow belly", "white belly"}),
        ("ed", set()),
        ("purple belly", set()),
        ("", set()),
        (" - ", set()),
    ],
)
def test_phrases_have_what_is_written_by_beginnings_ends_and_synonyms(vocabulary, written, found):
    has = vocabulary.having(written)
    assert {phrase for phrase in PHRASES if has(phrase.split())} == found
