"""What people type, and how it is read."""

import pytest

from fieldmarks.core.search.query import format_query, parse
from tests.support.phrases import signed


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


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("-black bill", [((5,), True)]),
        ("yellow belly, -black bill", [((0,), False), ((5,), True)]),
        ("yellow belly or red head", [((0, 6), False)]),
        ("yellow belly | red head, wrong", [((0, 6), False)]),
        ("black", [((2, 5), False)]),
        ("bill", [((1, 4, 5), False)]),
        ("not bill", [((1, 4, 5), True)]),
    ],
)
def test_minus_or_and_single_words_are_read(vocabulary, text, read):
    query = parse(text, vocabulary)
    assert [(tuple(sorted(term.ts)), term.is_negated) for term in query.terms] == read
    assert not query.unknown


def test_the_name_of_a_class_asks_for_its_images(vocabulary):
    assert parse("Acadian flycatcher", vocabulary).true == 1
    assert parse("purple finch, yellow belly", vocabulary).true == 0
    assert parse("flycatcher", vocabulary).unknown == {"flycatcher": ['true:"Acadian Flycatcher"']}
