"""Noun chunks from part-of-speech tags: a chunker of the built-in pipeline in place of a parser.

A chunk ends at the last of a sequence of nouns and extends to the left over possible modifiers:
compounds, adjectives and the commas and conjunctions between them, adverbs before adjectives,
numbers, and determiners.
"""

from collections.abc import Sequence

from fieldmarks.precompute.attributes.lexicon import ADJECTIVES, NOUNS

DETERMINERS = frozenset({"DT", "PDT", "PRP$", "WP$"})
ADVERBS = frozenset({"RB", "RBR", "RBS"})
MODIFIERS = ADJECTIVES | {"VBN", "VBG", "CD"}
JOINTS = frozenset({",", "CC", "SYM", "HYPH"})
COPULAS = frozenset({"is", "are", "was", "were", "looks", "appears"})


def noun_chunks(words: Sequence[str], tags: Sequence[str]) -> list[tuple[int, int]]:
    """Return first token and one past the last of each noun chunk.

    >>> words = "the bird has black and white wings and tail".split()
    >>> noun_chunks(words, ["DT", "NN", "VBZ", "JJ", "CC", "JJ", "NNS", "CC", "NN"])
    [(0, 2), (3, 7), (8, 9)]
    """
    chunks: list[tuple[int, int]] = []
    floor = 0
    for head, tag in enumerate(tags):
        last_of_its_run = head + 1 == len(tags) or tags[head + 1] not in NOUNS
        if tag in NOUNS and last_of_its_run:
            chunks.append((_start(words, tags, floor, head), head + 1))
            floor = head + 1
    return chunks


def _start(words: Sequence[str], tags: Sequence[str], floor: int, head: int) -> int:
    """Return how far left the phrase of the noun at ``head`` reaches, not below ``floor``."""
    i, joint = head, None
    while i > floor and tags[i - 1] in NOUNS:
        i -= 1
    while i > floor:
        before = tags[i - 1]
        if before in MODIFIERS or (before in ADVERBS and tags[i] in MODIFIERS):
            i -= 1
        elif before in JOINTS and tags[i] in MODIFIERS | ADVERBS:
            left = i - 2
            if before == "CC" and left >= floor and tags[left] == ",":
                left -= 1  # "thick, curved, and beige"
            if left < floor or tags[left] not in MODIFIERS:
                break
            joint = i if joint is None and before == "CC" else joint
            i = left
        else:
            break
    if joint is not None and i > 0 and words[i - 1] in COPULAS:
        return joint  # "the bill is curved and black eyes": the first adjective is a predicate
    while i > floor and tags[i - 1] in DETERMINERS:
        i -= 1
    return i
