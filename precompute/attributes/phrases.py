"""Definition of an attribute over tagged tokens, independent of the tagger.

A noun chunk is cut where a noun is followed by a coordinator, a comma or "'s" ("a black bill, red
legs" is two phrases). In each phrase the last noun is the head, nouns directly before it are
compounded with it ("breast feathers"), and every adjective or participle of the phrase describes
it: "black and white striped wings" gives black wings, white wings, striped wings. A word that the
lexicon calls an adjective is one whatever the tagger says: taggers trained on newspapers call the
colours nouns. There is no recursion, and a predicate ("its belly is white") is no attribute.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from core.language.parts import GROUPS
from precompute.attributes.lexicon import ADJECTIVES, NOUNS, PARTICIPLES, likely_tag

#: Words that make one adjective with the word before: "medium sized", "yellow-billed".
SECOND_HALVES = frozenset(
    {
        *("backed", "beaked", "bellied", "billed", "bodied", "breasted", "capped", "chested"),
        *("colored", "coloured", "crested", "crowned", "eyed", "faced", "feathered", "footed"),
        *("haired", "headed", "legged", "like", "looking", "necked", "shaped", "sized"),
        *("tailed", "throated", "tipped", "toned", "winged"),
    }
)
JOINTS = frozenset({",", "and", "or", "&", "/", "but", "yet"})
#: Nouns that are described and describe nothing: behind them, an adjective starts a phrase.
THINGS = frozenset(
    {
        *("bird", "body", "feathers", "wings", "eyes", "legs", "feet"),
        *(noun for group in GROUPS for noun in group.nouns),
    }
)
#: Past forms that never describe a noun.
AUXILIARIES = frozenset({"had", "was", "were", "did"})


class Reading(NamedTuple):
    """One caption as analysed by a tagger.

    Parameters
    ----------
    tokens : sequence of str
    tags : sequence of str
        Penn tags, one per token.
    chunks : sequence of (int, int)
        Noun chunks: first token and one past the last, without overlap.
    """

    tokens: Sequence[str]
    tags: Sequence[str]
    chunks: Sequence[tuple[int, int]]


class Pair(NamedTuple):
    """An adjective and its noun as written, in lower case; a compound noun has spaces."""

    adjective: str
    noun: str


def adjective_noun_pairs(reading: Reading) -> set[Pair]:
    """Return the adjective-noun pairs of a caption.

    >>> tokens = "a black and white striped wing".split()
    >>> reading = Reading(tokens, ["DT", "JJ", "CC", "JJ", "VBN", "NN"], [(0, 6)])
    >>> sorted(f"{adjective} {noun}" for adjective, noun in adjective_noun_pairs(reading))
    ['black wing', 'striped wing', 'white wing']
    """
    tokens = [token.lower() for token in reading.tokens]
    named = set()
    for start, end in reading.chunks:
        kinds = [_kind(tokens[i], reading.tags[i], i == end - 1) for i in range(start, end)]
        for first, last in _phrases(tokens[start:end], kinds):
            named |= _describe(tokens[start + first : start + last], kinds[first:last])
    return named


def _kind(word: str, tag: str, is_last: bool) -> str:
    """Return "a" for an adjective or participle, "n" for a noun, "," for a joint, "" otherwise."""
    if word in JOINTS or tag == "POS":
        return ","
    if word == "-":
        return "-"
    likely = likely_tag(word)
    describes = tag in ADJECTIVES | PARTICIPLES or likely in ADJECTIVES
    if (describes or (likely in PARTICIPLES and not is_last)) and word not in AUXILIARIES:
        return "a"
    return "n" if tag in NOUNS or likely in NOUNS else ""


def _phrases(words: Sequence[str], kinds: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Cut a chunk after each noun that a joint follows, and between "head" and "black"."""
    first = 0
    for i in range(1, len(kinds)):
        if kinds[i - 1] != "n":
            continue
        joint = kinds[i] == ","
        next_thing = kinds[i] == "a" and words[i - 1] in THINGS and words[i] not in SECOND_HALVES
        if joint or next_thing:
            yield first, i
            first = i + 1 if joint else i
    yield first, len(kinds)


def _describe(words: Sequence[str], kinds: Sequence[str]) -> set[Pair]:
    """Return the pairs of one phrase, empty if it does not end in a noun."""
    head = len(kinds)
    while head and kinds[head - 1] == "n":
        head -= 1
    noun = " ".join(words[head:])
    adjectives = _adjectives(words[:head], kinds[:head]) if noun else ()
    return {Pair(adjective, noun) for adjective in adjectives}


def _adjectives(words: Sequence[str], kinds: Sequence[str]) -> Iterator[str]:
    """Yield the adjectives, last first; two halves of one are joined by a hyphen."""
    i = len(words)
    while i > 0:
        i -= 1
        is_half = words[i] in SECOND_HALVES
        if kinds[i] != "a" and not is_half:
            continue
        hyphened = i >= 2 and words[i - 1] == "-"
        left = i - 2 if hyphened else i - 1
        if (hyphened or is_half) and left >= 0 and kinds[left] in ("a", "n"):
            yield f"{words[left]}-{words[i]}"
            i = left
        else:
            yield words[i]
