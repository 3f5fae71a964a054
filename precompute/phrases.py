"""What an attribute is: one definition over tagged tokens, whichever pipeline tagged them.

A noun chunk is cut where a noun is followed by a coordinator or a comma ("a black bill, red legs"
is two phrases). In each phrase the last noun is the head, nouns directly before it are compounded
with it ("breast feathers"), and every adjective or participle of the phrase describes it: "black and
white striped wings" gives black wings, white wings, striped wings. There is no recursion: "the
wings of the small bird" is two chunks, and a predicate ("its belly is white") is none.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from precompute.lexicon import ADJECTIVES, NOUNS, PARTICIPLES, is_adjective, likely_tag

#: Words that make one adjective with the word before: "medium sized", "black tipped", "yellow-billed".
SECOND_HALVES = frozenset(
    "backed beaked bellied billed bodied breasted capped chested colored coloured crested crowned "
    "eyed faced feathered footed haired headed legged like looking necked sized shaped throated "
    "tailed tipped toned winged".split()
)
JOINTS = frozenset({",", "and", "or", "&", "/", "but", "yet"})
#: Past forms that never describe a noun.
AUXILIARIES = frozenset({"had", "was", "were", "did"})


class Reading(NamedTuple):
    """One caption as a pipeline reads it.

    Parameters
    ----------
    tokens : sequence of str
    tags : sequence of str
        Penn tags, one a token.
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


def pairs(reading: Reading) -> set[Pair]:
    """Return the adjective-noun pairs of a caption.

    >>> tokens = "a black and white striped wing".split()
    >>> reading = Reading(tokens, ["DT", "JJ", "CC", "JJ", "VBN", "NN"], [(0, 6)])
    >>> sorted(f"{adjective} {noun}" for adjective, noun in pairs(reading))
    ['black wing', 'striped wing', 'white wing']
    """
    tokens = [token.lower() for token in reading.tokens]
    found = set()
    for start, end in reading.chunks:
        kinds = [_kind(tokens[i], reading.tags[i]) for i in range(start, end)]
        for first, last in _phrases(tokens[start:end], kinds):
            found |= _describe(tokens[start + first : start + last], kinds[first:last])
    return found


def _kind(word: str, tag: str) -> str:
    """Return "a" for an adjective or participle, "n" for a noun, "," for a joint, "" otherwise."""
    if word in JOINTS or tag == "POS":
        return ","
    if word == "-":
        return "-"
    if word not in AUXILIARIES and (tag in ADJECTIVES | PARTICIPLES or is_adjective(word)):
        return "a"
    return "n" if tag in NOUNS or likely_tag(word) in NOUNS else ""


def _phrases(words: Sequence[str], kinds: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Cut a chunk after each noun that a joint follows."""
    first = 0
    for i in range(1, len(kinds)):
        if kinds[i] == "," and kinds[i - 1] == "n":
            yield first, i
            first = i + 1
    yield first, len(kinds)


def _describe(words: Sequence[str], kinds: Sequence[str]) -> set[Pair]:
    """Return the pairs of one phrase, empty if it does not end in a noun."""
    head = len(kinds)
    while head and kinds[head - 1] == "n":
        head -= 1
    noun = " ".join(words[head:])
    if not noun:
        return set()
    adjectives, i = set(), head - 1
    while i >= 0:
        if kinds[i] == "a" or words[i] in SECOND_HALVES:
            left = i - 2 if i and words[i - 1] == "-" else i - 1
            joins = words[i] in SECOND_HALVES or left == i - 2
            if joins and left >= 0 and kinds[left] in ("a", "n"):
                adjectives.add(f"{words[left]}-{words[i]}")
                i = left - 1
                continue
            adjectives.add(words[i])
        i -= 1
    return {Pair(adjective, noun) for adjective in adjectives}
