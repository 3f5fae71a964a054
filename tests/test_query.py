"""What people type, and how it is read."""

import pytest

from core.search.query import format_query, parse
from core.search.vocabulary import Vocabulary, fold
from precompute.datasets.language import BIRDS

PHRASES = [
    "yellow belly",
    "long bill",
    "black wing",
    "white wing",
    "short bill",
    "black bill",
    "red head",
    "grey wingbar",
    "white belly",
]
CLASSES = {35: "Purple Finch", 37: "Acadian Flycatcher", 4: "Groove billed Ani"}


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    nouns = [phrase.split()[-1] for phrase in PHRASES]
    return Vocabulary(PHRASES, nouns, range(1, 10), CLASSES, CLASSES.values(), BIRDS.synonym_groups)


def signed(query) -> list[str]:
    return [("-" if term.is_negated else "") + PHRASES[term.t] for term in query.terms]


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


@pytest.mark.parametrize("text", ["black belly", "purple head", "bill", "zzz", "x" * 1000, "ж"])
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


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("wrong", False),
        ("right", True),
        ("yellow belly wrong", False),
        ("correct, long bill", True),
        ("long bill", None),
    ],
)
def test_correctness_is_read(vocabulary, text, is_right):
    assert parse(text, vocabulary).is_right is is_right


@pytest.mark.parametrize(
    "text",
    ["yellow belly, not long bill, true:035 predicted:037 wrong", "white wing right", ""],
)
def test_a_query_written_out_is_read_back_the_same(vocabulary, text):
    query = parse(text, vocabulary)
    again = parse(format_query(query, vocabulary), vocabulary)
    assert signed(again) == signed(query)
    assert (again.true, again.predicted, again.is_right) == (
        query.true,
        query.predicted,
        query.is_right,
    )


def test_the_example_of_the_search_page(vocabulary):
    query = parse("yellow belly, not long bill, true:035 predicted:037 wrong", vocabulary)
    assert query.wanted == [0]
    assert query.unwanted == [1]
    assert (query.true, query.predicted, query.is_right) == (0, 1, False)
    assert not query.is_empty


def test_only_an_unread_query_is_empty(vocabulary):
    assert parse("zzz", vocabulary).is_empty
    assert not parse("wrong", vocabulary).is_empty


def test_names_are_compared_without_case_and_marks():
    assert fold("Black_footed-Albatross") == fold("black  footed albatross")
