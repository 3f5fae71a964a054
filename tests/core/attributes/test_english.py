"""Attributes as English sentences."""

import pandas as pd
import pytest

from fieldmarks.core.explanations.explanation import predicate
from fieldmarks.precompute.attributes.inflection import member, with_forms
from fieldmarks.precompute.data.language import BIRDS


def table(*phrases: str) -> pd.DataFrame:
    rows = [phrase.split(" ", 1) for phrase in phrases]
    frame = pd.DataFrame(rows, columns=["adjective", "noun"])
    return with_forms(frame.assign(kind="pair", number=frame["noun"].map(BIRDS.nouns.number_of)))


SENTENCES = {
    "one attribute": (["long bill"], "has a long bill"),
    "a vowel": (["orange bill"], "has an orange bill"),
    "parts in numbers": (["black wing", "orange leg"], "has black wings and orange legs"),
    "an irregular plural": (["red foot"], "has red feet"),
    "adjectives of one noun": (["pointed bill", "short bill"], "has a short, pointed bill"),
    "colours last, joined": (
        ["black bill", "short bill", "yellow bill"],
        "has a short, black and yellow bill",
    ),
    "three things": (
        ["red throat", "black crown", "long bill"],
        "has a red throat, a black crown, and a long bill",
    ),
    "a mass noun": (["grey plumage"], "has grey plumage"),
    "a noun stands where it came first": (
        ["red throat", "black crown", "white throat"],
        "has a red and white throat and a black crown",
    ),
    "the whole bird": (["small bird", "black bird"], "is a small, black bird"),
    "the whole bird comes first": (
        ["long bill", "small bird", "red wing"],
        "is a small bird with a long bill and red wings",
    ),
    "a plural of two words": (["white undertail covert"], "has white undertail coverts"),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_attributes_read_as_english(case):
    phrases, expected = SENTENCES[case]
    spans = predicate(list(range(len(phrases))), table(*phrases))
    assert "".join(span.text for span in spans) == expected


def test_what_both_have_reads_as_english():
    phrases = ["small bird", "brown bird", "white belly"]
    spans = predicate([0, 1, 2], table(*phrases), of_several=True)
    assert "".join(span.text for span in spans) == "are small, brown birds with a white belly"


def test_every_attribute_of_a_sentence_can_be_clicked():
    phrases = ["black bill", "short bill", "red throat", "black wing"]
    spans = predicate([0, 1, 2, 3], table(*phrases))
    assert sorted(span.t for span in spans if span.t is not None) == [0, 1, 2, 3]
    adjective_of = {span.t: span.text.split()[0] for span in spans if span.t is not None}
    assert [adjective_of[t] for t in range(4)] == ["black", "short", "red", "black"]


CALLED = {
    "Arctic Tern": "an Arctic Tern",
    "playground": "a playground",
    "orange juice": "an orange juice",
    "dense forest": "a dense forest",
    "commercial": "an example of the class commercial",
    "dense residential": "an example of the class dense residential",
    "Smart-Casual": "an example of the class Smart-Casual",
    "malignant": "an example of the class malignant",
    "swimming": "an example of the class swimming",
    "playfields": "an example of the class playfields",
    "Flip Flops": "an example of the class Flip Flops",
}


@pytest.mark.parametrize("name", CALLED)
def test_a_class_named_by_an_adjective_a_plural_or_a_place_reads_as_english(name):
    assert member(name) == CALLED[name]
