"""Words of a caption that it does not say of the picture.

What is negated ("no handle", "without stripes or a collar", "the tail is not visible"), what is
only likened or guessed ("resembling a duck", "possibly a gull"), and nouns that count, measure or
place others ("a row of", "in front of", "the image shows"). ``function_words.csv`` beside this
file lists the words by their role; it may be edited.
"""

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from fieldmarks.precompute.attributes.lexicon import ADJECTIVES, NOUNS, PARTICIPLES
from fieldmarks.precompute.attributes.phrases import Reading

FUNCTION_WORDS = Path(__file__).with_name("function_words.csv")
#: Roles of words that begin what is not said.
_OPENERS = ("determiner", "negation", "adverb", "word", "likeness", "guess")
#: Behind these "not" denies nothing: "not only red but also blue".
_NOT_DENIED = frozenset({"only", "just", "merely", "simply"})
_STOPS = frozenset(". ; : ! ? ( ) but with while although though yet however whereas it".split())
_AND, _OR = frozenset({"and", "&"}), frozenset({"or", "nor", "/"})
_FINITE = frozenset({"VBZ", "VBP", "VBD", "MD"})
_BE = frozenset("is are was were be been being appears appear seems seem".split())
_DEFINITE = frozenset("the its his her their this that these those".split())
#: What a guess is about; "possibly perched" is about no thing.
_GUESSED = frozenset({"DT", "PRP$"}) | NOUNS | ADJECTIVES
_CLAUSES = frozenset({"IN", "TO", "WDT", "WP", "WRB"})
#: Prepositions of a place.
_BEFORE_PLACE = frozenset(
    "in on at to from near by along around towards toward into during".split()
)
#: What may stand between a preposition and its place.
_OF_PLACE = frozenset("the a its their far very left right upper lower close left-hand".split())


def unsaid(reading: Reading) -> frozenset[int]:
    """Return the tokens from which no attribute is made.

    Parameters
    ----------
    reading : Reading
        With whole words, see `precompute.attributes.whole_words`.

    >>> tokens, tags = "a cup with no handle".split(), ["DT", "NN", "IN", "DT", "NN"]
    >>> sorted(unsaid(Reading(tokens, tags, [(0, 2), (3, 5)])))
    [3, 4]
    """
    words = [token.lower() for token in reading.tokens]
    roles = _roles()
    if roles.keys().isdisjoint(words):
        return frozenset(i for i, word in enumerate(words) if is_negated(word))
    out = {i for i, word in enumerate(words) if is_negated(word)}
    for i in range(len(words)):
        if opener := _opener(words, i):
            role, length = opener
            if role == "word":
                out.add(i + length)
            else:
                out.update(range(i, _end(words, reading.tags, i + length, role)))
    for at, (start, end) in enumerate(reading.chunks):
        if {"missing", "absent"} & set(words[start:end]) or _is_denied_behind(words, end):
            _add_list(reading, words, at, out)
        elif _counts_or_places(words, start, end):
            out.update(range(start, end))
        elif _has_role(words[end - 1], "frame"):
            out.add(end - 1)
    return frozenset(out)


def is_negated(word: str) -> bool:
    """Whether a word with a hyphen denies what its other half names.

    >>> [is_negated(word) for word in ("non-striped", "handle-less", "sleeveless", "long-sleeved")]
    [True, True, False, False]
    """
    return word.startswith("non-") or word.endswith(("-less", "-free"))


@cache
def _roles() -> dict[str, tuple[str, ...]]:
    """Return the roles of each word, or sequence of words, and those of their first words."""
    roles: dict[str, tuple[str, ...]] = {}
    with FUNCTION_WORDS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            roles[row["words"]] = (*roles.get(row["words"], ()), row["role"])
            roles.setdefault(row["words"].partition(" ")[0], ())
    return roles


def _has_role(word: str, role: str) -> bool:
    return role in _roles().get(word, ())


def _opener(words: Sequence[str], i: int) -> tuple[str, int] | None:
    """Return the role of the longest opener at token ``i``, and its length."""
    if words[i] not in _roles():
        return None
    for length in (4, 3, 2, 1):
        for role in _roles().get(" ".join(words[i : i + length]), ()):
            if role in _OPENERS and i + length < len(words):
                follows = words[i + length]
                return None if role == "adverb" and follows in _NOT_DENIED else (role, length)
    return None


def _end(words: Sequence[str], tags: Sequence[str], start: int, role: str) -> int:
    """Return one past the last token that an opener of this role denies."""
    has_noun = has_adjective = False
    for i in range(start, len(words)):
        word, tag = words[i], tags[i]
        if word in _STOPS or (i > start and _opener(words, i)):
            return i
        if has_noun:
            is_clause = (tag in _FINITE or tag in PARTICIPLES) and words[i - 1] not in _AND | _OR
            if is_clause or word in _BE or (tag in _CLAUSES and word != "of" and word not in _OR):
                return i
            if word == "," and not _goes_on(words, tags, i, role):
                return i
            if word in _AND and not _takes_in(words, tags, i, role):
                return i
        elif role != "adverb":
            if tag in _FINITE or (role == "guess" and tag not in _GUESSED):
                return i
        elif word == "," or (has_adjective and tag in _CLAUSES):
            return i
        has_noun |= tag in NOUNS
        has_adjective |= tag in ADJECTIVES
    return len(words)


def _goes_on(words: Sequence[str], tags: Sequence[str], comma: int, role: str) -> bool:
    """Whether what is denied goes on behind a comma: in a list that ends in "or"."""
    rest = _clause(words, tags, comma + 1)
    if not _OR.isdisjoint(rest):
        return True
    return (
        role in ("negation", "adverb")
        and not _DEFINITE & set(rest[:2])
        and _is_plain(tags, comma + 1, len(rest))
    )


def _takes_in(words: Sequence[str], tags: Sequence[str], joint: int, role: str) -> bool:
    """Whether "and" joins one thing more to what is denied."""
    rest = _clause(words, tags, joint + 1)
    if not rest or rest[0] in _DEFINITE or not _is_plain(tags, joint + 1, len(rest)):
        return False
    # "no collar and long sleeves": what "no" denies has no adjective of its own
    return role != "determiner" or tags[joint + 1] in NOUNS


def _clause(words: Sequence[str], tags: Sequence[str], start: int) -> Sequence[str]:
    end = start
    while end < len(words) and words[end] not in _STOPS and tags[end] not in _CLAUSES:
        end += 1
    return words[start:end]


def _is_plain(tags: Sequence[str], start: int, length: int) -> bool:
    """Whether no verb follows, of which the thing would be the subject."""
    return _FINITE.isdisjoint(tags[start : start + length])


def _is_denied_behind(words: Sequence[str], end: int) -> bool:
    """Whether "is not visible" or "is missing" follows."""
    i, denies = end, False
    while i < len(words) and (words[i] in _BE or words[i] == "to" or words[i].endswith("ly")):
        i += 1
    if i > end and i < len(words) and _has_role(words[i], "adverb"):
        i, denies = i + 1, True
        while i < len(words) and (words[i] == "be" or words[i].endswith("ly")):
            i += 1
    if i >= len(words):
        return False
    follows = words[i + 1] if i + 1 < len(words) else "."
    is_alone = follows in _STOPS | _AND | _BEFORE_PLACE | {",", "here", "which", "that"}
    return _has_role(words[i], "shown" if denies else "absent") and (denies or is_alone)


def _add_list(reading: Reading, words: Sequence[str], at: int, out: set[int]) -> None:
    """Add a chunk, and those before it that commas and conjunctions join to it."""
    start, end = reading.chunks[at]
    out.update(range(start, end))
    if at:
        between = words[reading.chunks[at - 1][1] : start]
        if between and set(between) <= _AND | _OR | {","}:
            _add_list(reading, words, at - 1, out)


def _counts_or_places(words: Sequence[str], start: int, end: int) -> bool:
    """Whether a noun chunk counts, measures or places others, or names the picture."""
    head = words[end - 1]
    before = words[start - 1] if start else ""
    opens = start
    while opens and words[opens - 1] in _OF_PLACE:
        opens -= 1
    if end < len(words) and words[end] == "of":
        plural = head.removesuffix("s")
        if _has_role(head, "partitive") or _has_role(plural, "partitive"):
            return True
    if _has_role(head, "picture"):
        return before not in ("with", "has", "have", "having")
    return (
        _has_role(head, "place")
        and words[max(opens - 1, 0)] in _BEFORE_PLACE
        and set(words[start : end - 1]) <= _OF_PLACE
    )
