"""A column of a table and one of its values, as an attribute that reads as English.

``column_words.csv`` beside this file says how the values of a property read: a colour "is", a
season it is "for", a material it is "made of"; it may be edited. A column that names a thing gives
pairs: "collar: mandarin" is a mandarin collar, "sleeve length: long" a long sleeve.
"""

import csv
import re
from functools import cache
from pathlib import Path

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.precompute.attributes.lexicon import ADJECTIVES, PARTICIPLES, lexicon, likely_tag
from fieldmarks.precompute.attributes.synonyms import Synonyms, singular

COLUMN_WORDS = Path(__file__).with_name("column_words.csv")
#: Beginnings of the names of yes-or-no columns, and what they make of the rest.
_FLAGS = {"has": "noun", "have": "noun", "with": "noun", "is": "is", "are": "is", "for": "for"}


def words_of(name: str) -> list[str]:
    """Return the words of a column's name in lower case.

    >>> words_of("baseColour"), words_of("Wearing_Hat"), words_of("sleeve-length")
    (['base', 'colour'], ['wearing', 'hat'], ['sleeve', 'length'])
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.sub(r"[\W_]+", " ", parted).lower().split()


def value_attribute(column: str, value: str) -> Attribute:
    """Return the attribute that a value of a column is.

    >>> value_attribute("baseColour", "Navy Blue").phrase, value_attribute("gender", "Women").phrase
    ('navy blue', 'for women')
    >>> value_attribute("material", "Cotton").phrase, value_attribute("collar", "Mandarin").phrase
    ('made of cotton', 'mandarin collar')
    >>> value_attribute("sleeve length", "Long").phrase, value_attribute("neck", "V Neck").phrase
    ('long sleeve', 'v neck')
    >>> value_attribute("pattern", "Polka Dots"), value_attribute("usage", "Casual").phrase
    (Attribute(adjective='', noun='polka dot', kind='noun'), 'casual')
    """
    said = " ".join(words_of(value)) or value.lower().strip()
    said = _synonyms().rewrite("adjective", said) or said
    words = [word for word in words_of(column) if _reads().get(word) != ""]
    property_name = " ".join(words) or "value"
    reads = _reads().get(words[-1]) if words else "is"
    thing = singular(" ".join(word for word in words if word not in _reads()) or "thing")
    if reads == "tag":
        return Attribute(said, property_name, "tag")
    if thing != "thing" and said.endswith(f" {thing}"):
        return Attribute("", said, "noun")
    if thing != "thing" and reads != "for":
        return Attribute(said, thing)
    if is_adjective(said) or reads in ("is", "property"):
        return Attribute(said, property_name, "is")
    if reads == "has":
        return Attribute("", singular(said), "noun")
    return Attribute(f"{reads} {said}", property_name, "is")


def is_of_brands(column: str) -> bool:
    """Whether a column holds names of makers, by which nothing can be explained."""
    words = words_of(column)
    return bool(words) and _reads().get(words[-1]) == "brand"


def flag_attribute(column: str) -> Attribute:
    """Return the attribute that a yes-or-no column is.

    >>> flag_attribute("has_laces"), flag_attribute("Big_Nose").phrase
    (Attribute(adjective='', noun='lace', kind='noun'), 'big nose')
    >>> [flag_attribute(name).kind for name in ("Smiling", "Wearing_Hat", "Eyeglasses", "is_wet")]
    ['is', 'is', 'noun', 'is']
    """
    words = words_of(column)
    as_kind = _FLAGS.get(words[0]) if len(words) > 1 else None
    rest = words[1:] if as_kind else words
    said = " ".join(rest)
    if as_kind == "for":
        return Attribute(f"for {said}", column.lower(), "is")
    if as_kind == "is" or rest[0].endswith("ing") or is_adjective(said):
        return Attribute(said, column.lower(), "is")
    if len(rest) > 1 and likely_tag(rest[0]) in ADJECTIVES | PARTICIPLES:
        return Attribute(rest[0], singular(" ".join(rest[1:])))
    return Attribute("", singular(said), "noun")


def is_adjective(said: str) -> bool:
    """Whether a word, or the last of several, describes."""
    last = said.rpartition(" ")[2]
    return last in lexicon() and likely_tag(last) in ADJECTIVES | PARTICIPLES


@cache
def _reads() -> dict[str, str]:
    with COLUMN_WORDS.open(encoding="utf-8", newline="") as file:
        return {row["word"]: row["reads"] for row in csv.DictReader(file)}


@cache
def _synonyms() -> Synonyms:
    return Synonyms.load()
