"""Definition of an attribute over tagged tokens, independent of the tagger.

A noun chunk is cut where a noun is followed by a coordinator, a comma or "'s" ("a black bill, red
legs" is two phrases). In each phrase the last noun is the head, nouns directly before it are
compounded with it ("breast feathers"), and every adjective or participle of the phrase describes
it: "black and white striped wings" gives black wings, white wings, striped wings. A word that the
lexicon calls an adjective is one whatever the tagger says: taggers trained on newspapers call the
colours nouns. There is no recursion, and a predicate ("its belly is white") is not an attribute.
"""

from collections.abc import Iterator, Sequence, Set
from typing import NamedTuple

from fieldmarks.core.attributes.attribute import Attribute
from fieldmarks.precompute.attributes.lexicon import ADJECTIVES, NOUNS, PARTICIPLES, likely_tag

#: Words that make one adjective with the word before: "medium sized", "yellow-billed".
SECOND_HALVES = frozenset(
    {
        *("backed", "beaked", "bellied", "billed", "bodied", "breasted", "capped", "chested"),
        *("colored", "coloured", "crested", "crowned", "eyed", "faced", "feathered", "footed"),
        *("haired", "headed", "heeled", "legged", "like", "lined", "looking", "necked", "shaped"),
        *("sized", "sleeved", "soled", "tailed", "throated", "tipped", "toned", "winged"),
        "covered",
    }
)
JOINTS = frozenset({",", "and", "or", "&", "/", "but", "yet"})
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


def attributes_in(
    reading: Reading,
    ends_phrase: frozenset[str] = frozenset(),
    kinds: Sequence[str] = ("pair",),
    left_out: Set[int] = frozenset(),
) -> set[Attribute]:
    """Return the attributes of a caption as written, in lower case.

    Parameters
    ----------
    reading : Reading
    ends_phrase : frozenset of str
        Nouns that describe nothing: behind them, an adjective starts a phrase.
    kinds : sequence of str
        ``pair``: adjective and noun; ``noun``: a noun that no adjective describes.
    left_out : set of int
        Tokens from which none is made, see `precompute.attributes.unsaid`.

    >>> tokens = "a black and white striped wing".split()
    >>> reading = Reading(tokens, ["DT", "JJ", "CC", "JJ", "VBN", "NN"], [(0, 6)])
    >>> sorted(attribute.phrase for attribute in attributes_in(reading))
    ['black wing', 'striped wing', 'white wing']
    """
    tokens = [token.lower() for token in reading.tokens]
    attributes = set()
    for start, end in reading.chunks:
        each = [_kind(tokens[i], reading.tags[i], i == end - 1) for i in range(start, end)]
        for first, last in _phrases(tokens[start:end], each, ends_phrase):
            while last > first and start + last - 1 in left_out:
                last -= 1
            words = tokens[start + first : start + last]
            said = ["" if start + i in left_out else each[i] for i in range(first, last)]
            attributes |= _describe(words, said, "noun" in kinds)
    return attributes


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


def _phrases(
    words: Sequence[str], kinds: Sequence[str], ends_phrase: frozenset[str]
) -> Iterator[tuple[int, int]]:
    """Cut a chunk after each noun that a joint follows, and between "head" and "black"."""
    first = 0
    for i in range(1, len(kinds)):
        if kinds[i - 1] != "n":
            continue
        joint = kinds[i] == ","
        is_next = kinds[i] == "a" and words[i - 1] in ends_phrase and words[i] not in SECOND_HALVES
        if joint or is_next:
            yield first, i
            first = i + 1 if joint else i
    yield first, len(kinds)


def _describe(
    words: Sequence[str], kinds: Sequence[str], with_nouns: bool = False
) -> set[Attribute]:
    """Return the attributes of one phrase, none if it does not end in a noun."""
    head = len(kinds)
    while head and kinds[head - 1] == "n":
        head -= 1
    # a model that stutters: "puffer puffer puffer"
    noun = " ".join(dict.fromkeys(words[head:]))
    if not noun:
        return set()
    described = {
        Attribute(adjective, noun) for adjective in _adjectives(words[:head], kinds[:head])
    }
    return described or ({Attribute("", noun, "noun")} if with_nouns else set())


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
