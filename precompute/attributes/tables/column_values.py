"""A column of a table and one of its values, as an attribute that reads as English.

``column_words.csv`` beside this file says how the values of a property read: a colour "is", a
season it is "for", a material it is "made of"; it may be edited. A column that names a thing gives
pairs: "collar: mandarin" is a mandarin collar, "sleeve length: long" a long sleeve. One that names
a measure keeps its name: "nuclear_cytoplasmic_ratio: low" is a low nuclear-to-cytoplasmic ratio.
"""

import csv
import re
from functools import cache
from pathlib import Path

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.precompute.attributes.lexicon import (
    ADJECTIVES,
    NOUNS,
    PARTICIPLES,
    lexicon,
    likely_tag,
)
from fieldmarks.precompute.attributes.synonyms import Synonyms, singular
from fieldmarks.precompute.attributes.unsaid import is_negated

COLUMN_WORDS = Path(__file__).with_name("column_words.csv")
#: Beginnings of the names of yes-or-no columns, and what they make of the rest.
_FLAGS = {
    **dict.fromkeys(("has", "have", "with", "wears", "shows", "contains", "includes"), "noun"),
    **dict.fromkeys(("is", "are"), "is"),
    "for": "for",
}
_DENYING = frozenset({"no", "not", "non", "without", "lacks"})
#: Values that say that there is nothing, or nothing that is known.
_NOTHING = frozenset(
    "nil none no nothing absent unknown unspecified undefined other others misc - n/a".split()
) | {"not applicable", "not available", "not visible"}
#: Values that say nothing without the name of what they are the level of.
_LEVELS = frozenset(
    "low lower high higher normal abnormal moderate medium average increased decreased reduced "
    "elevated strong weak positive negative".split()
)
_SIZES = frozenset({"small", "large", "big", "great", "few", "many"})
_COUNTED = "one two three four five six seven eight nine ten eleven twelve".split()
#: Words by which a column says that it counts.
_COUNTS = frozenset({"n", "num", "number", "count", "counts"})


def words_of(name: str) -> list[str]:
    """Return the words of a column's name in lower case.

    >>> words_of("baseColour"), words_of("Wearing_Hat"), words_of("sleeve-length")
    (['base', 'colour'], ['wearing', 'hat'], ['sleeve', 'length'])
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.sub(r"[\W_]+", " ", parted).lower().split()


def value_attribute(column: str, value: str, subject: str = "") -> Attribute | None:
    """Return the attribute that a value of a column is, None where it means that there is none.

    Parameters
    ----------
    column, value : str
    subject : str
        What the images show, in the singular: its size is the size of the whole.

    >>> value_attribute("baseColour", "Navy Blue").phrase, value_attribute("gender", "Women").phrase
    ('navy blue', 'for women')
    >>> value_attribute("material", "Cotton").phrase, value_attribute("collar", "Mandarin").phrase
    ('made of cotton', 'mandarin collar')
    >>> value_attribute("sleeve length", "Long").phrase, value_attribute("neck", "V Neck").phrase
    ('long sleeve', 'v neck')
    >>> value_attribute("pattern", "Polka Dots"), value_attribute("usage", "Casual").phrase
    (Attribute(adjective='', noun='polka dot', kind='noun'), 'casual')
    >>> value_attribute("chromatin_density", "densely").phrase
    'dense chromatin'
    >>> value_attribute("nuclear_cytoplasmic_ratio", "low").phrase
    'low nuclear-to-cytoplasmic ratio'
    >>> value_attribute("granule_type", "nil") is None
    True
    """
    names = words_of(column)
    words = [word for word in names if _reads().get(word) != "" and word != subject]
    reads = _reads().get(words[-1]) if words else "is"
    property_name = " ".join(words) or "value"
    said = _said(value, words)
    if said is None:
        return None
    if reads == "tag":
        return Attribute(said, property_name, "tag")
    thing = singular(" ".join(word for word in words if word not in _reads()) or "thing")
    has_thing = thing != "thing"
    if _is_level(said, words, reads) and (has_thing or reads == "measure"):
        return Attribute(said, _measure(names))
    if has_thing and (said == thing or said.endswith(f" {thing}")):
        return Attribute("", said, "noun")
    if said == f"{thing}less" or (words and said.endswith(f" {words[-1]}")):
        return Attribute(said, property_name, "is")
    if has_thing and reads == "has" and likely_tag(said) == "NNS":
        return Attribute("", f"{thing} {singular(said)}", "noun")
    if words and words[-1] in ("shape", "form"):
        said = _shaped(said)
    if has_thing and reads != "for":
        return Attribute(_rewritten(said), thing)
    if is_adjective(said) or reads in ("is", "property", "measure"):
        return Attribute(_rewritten(said), property_name, "is")
    if reads == "has":
        return Attribute("", singular(said), "noun")
    return Attribute(f"{reads} {said}", property_name, "is")


def count_attribute(column: str, value: str) -> Attribute | None:
    """Return the attribute that a count is: "n_doors: 4" has four doors; None for no count.

    >>> count_attribute("number_of_doors", "4").phrase, count_attribute("price", "4")
    ('four door', None)
    """
    words = words_of(column)
    rest = [word for word in words if word not in _COUNTS | {"of"}]
    number = int(value) if value.isdigit() and len(value) < 3 else 0
    if not rest or len(rest) == len(words) or not 0 < number <= len(_COUNTED):
        return None
    return Attribute("", f"{_COUNTED[number - 1]} {singular(' '.join(rest))}", "noun")


def is_count(column: str) -> bool:
    """Whether a column's name says that it counts.

    >>> is_count("n_doors"), is_count("number of legs"), is_count("price")
    (True, True, False)
    """
    words = words_of(column)
    return bool(_COUNTS & set(words)) and len(set(words) - _COUNTS - {"of"}) > 0


def property_words() -> list[str]:
    """Return the words that name a property: colour, size, season."""
    apart = ("", "brand", "tag")
    return [word for word, reads in _reads().items() if reads not in apart]


def is_empty_word(word: str) -> bool:
    """Whether a word of a column's name says nothing of its values, as "base" of a colour."""
    return _reads().get(word) in ("", "tag")


def is_of_brands(column: str) -> bool:
    """Whether a column holds names of makers, by which nothing can be explained."""
    words = words_of(column)
    return bool(words) and _reads().get(words[-1]) == "brand"


def is_of_part(column: str, subject: str = "") -> bool:
    """Whether a column holds a property of a part that its name has: "granule_colour".

    >>> is_of_part("granule_colour"), is_of_part("colour"), is_of_part("department")
    (True, False, False)
    """
    words = [word for word in words_of(column) if _reads().get(word) != "" and word != subject]
    thing = [word for word in words if word not in _reads()]
    return bool(thing) and len(words) > len(thing) and _reads()[words[-1]] not in ("tag", "brand")


def flag_attribute(column: str, subject: str = "") -> tuple[Attribute, bool] | None:
    """Return the attribute that a yes-or-no column is, and whether "yes" says that it is there.

    >>> flag_attribute("has_laces")[0], flag_attribute("Big_Nose")[0].phrase
    (Attribute(adjective='', noun='lace', kind='noun'), 'big nose')
    >>> names = "Smiling", "Wearing_Hat", "Eyeglasses", "is_wet"
    >>> [flag_attribute(name)[0].kind for name in names]
    ['is', 'is', 'noun', 'is']
    >>> flag_attribute("No_Beard"), flag_attribute("has_wing_pattern::striped")[0].phrase
    ((Attribute(adjective='', noun='beard', kind='noun'), False), 'striped wing')
    >>> flag_attribute("granularity")[0].phrase
    'granular'
    """
    name, marks, value = column.partition("::")
    if marks:
        name = re.sub(r"^has[_ ]", "", name)
        attribute = value_attribute(name, value, subject)
        return attribute and (attribute, True)
    words = words_of(column)
    is_said = not _DENYING & set(words[:2])
    words = [word for i, word in enumerate(words) if i > 1 or word not in _DENYING]
    as_kind = _FLAGS.get(words[0]) if len(words) > 1 else None
    rest = words[1:] if as_kind else words
    if not rest:
        return None
    return _flag(" ".join(rest), rest, as_kind, column), is_said


def _flag(said: str, rest: list[str], as_kind: str | None, column: str) -> Attribute:
    if as_kind == "for":
        return Attribute(f"for {said}", column.lower(), "is")
    if as_kind == "is" or rest[0].endswith("ing") or is_adjective(said):
        return Attribute(said, column.lower(), "is")
    for ending in ("ity", "ness"):
        if len(rest) == 1 and said.endswith(ending) and is_adjective(said.removesuffix(ending)):
            return Attribute(said.removesuffix(ending), column.lower(), "is")
    if len(rest) > 1 and likely_tag(rest[0]) in ADJECTIVES | PARTICIPLES:
        return Attribute(rest[0], singular(" ".join(rest[1:])))
    return Attribute("", singular(said), "noun")


def is_adjective(said: str) -> bool:
    """Whether a word, or the last of several, describes."""
    last = said.rpartition(" ")[2]
    return last in lexicon() and likely_tag(last) in ADJECTIVES | PARTICIPLES


def _said(value: str, words: list[str]) -> str | None:
    """Return a value as it is said behind a column of these words, None where it denies."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", value)
    parted = re.sub(r"\([^()]*\)", " ", parted.replace("_", " "))
    said = " ".join(re.sub(r"[^\w\s'-]+", " ", parted.replace("/", " and ")).lower().split())
    said = said or value.lower().strip()
    first = said.partition(" ")[0]
    if {said, value.lower().strip()} & _NOTHING or first in _DENYING or is_negated(first):
        return None
    *before, last = said.split()
    if before and words and last == words[-1]:
        said = " ".join(before)  # "blue colour" of a colour
    if words and likely_tag(words[-1]) in PARTICIPLES and likely_tag(last) == "RB":
        return f"{said} {words[-1]}"  # "evenly distributed"
    return _adjective_of(said)


def _adjective_of(said: str) -> str:
    """Return an adverb that stands alone as its adjective.

    >>> _adjective_of("loosely"), _adjective_of("gently"), _adjective_of("woolly")
    ('loose', 'gentle', 'woolly')
    """
    stem = said.removesuffix("ly")
    if stem == said or likely_tag(said) != "RB":
        return said
    candidates = [each for each in (stem, f"{stem}le", f"{stem[:-1]}y") if each in lexicon()]
    return next((each for each in candidates if likely_tag(each) in ADJECTIVES), said)


def _is_level(said: str, words: list[str], reads: str | None) -> bool:
    """Whether a value needs the name of what it is the level of: "low" of a ratio."""
    last = said.rpartition(" ")[2]
    if reads == "measure":
        return words[-1] == "ratio" or last in _LEVELS | _SIZES
    # a heel of high height is a high heel
    return reads == "property" and last in _LEVELS and words[-1] != "height"


def _measure(names: list[str]) -> str:
    """Return the name of a measure, "a-to-b" where it is the ratio of two."""
    *before, last = names
    if last == "ratio" and len(before) == 2:
        return f"{before[0]}-to-{before[1]} ratio"
    if last == "ratio" and len(before) == 3 and before[1] == "to":
        return f"{'-'.join(before)} ratio"
    return singular(" ".join(names))


def _shaped(said: str) -> str:
    """Return a noun that names a shape as an adjective, also behind a hyphen.

    >>> _shaped("heart"), _shaped("oval"), _shaped("unsegmented-band")
    ('heart-shaped', 'oval', 'unsegmented band-shaped')
    """
    *first, last = re.split(r"[ -]", said)
    is_noun = last in lexicon() and likely_tag(last) in NOUNS
    return " ".join([*first, f"{last}-shaped"]) if is_noun else said


def _rewritten(said: str) -> str:
    return _synonyms().rewrite("adjective", said) or said


@cache
def _reads() -> dict[str, str]:
    with COLUMN_WORDS.open(encoding="utf-8", newline="") as file:
        return {row["word"]: row["reads"] for row in csv.DictReader(file)}


@cache
def _synonyms() -> Synonyms:
    return Synonyms.load()
