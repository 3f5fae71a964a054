"""Hyphenated words as one token: "long-sleeved", "t-shirt", "v-neck".

Tokenizers cut words at hyphens, so that "a long-sleeved t-shirt" would have a "t" and a "shirt".
Two adjectives that "-and-" joins stay two: "black-and-white wings" are black and are white.
"""

from collections.abc import Sequence

from fieldmarks.precompute.attributes.lexicon import ADJECTIVES, NOUNS, PARTICIPLES, likely_tag
from fieldmarks.precompute.attributes.phrases import SECOND_HALVES, Reading

DESCRIBERS = ADJECTIVES | PARTICIPLES


def whole_words(reading: Reading) -> Reading:
    """Return the reading with each hyphenated word as one token.

    >>> reading = Reading(["a", "v", "-", "neck"], ["DT", "NN", "HYPH", "NN"], [(0, 2), (3, 4)])
    >>> whole_words(reading)
    Reading(tokens=['a', 'v-neck'], tags=['DT', 'NN'], chunks=[(0, 2)])
    """
    if "-" not in reading.tokens:
        return reading
    tokens, tags = reading.tokens, reading.tags
    words: list[str] = []
    of_words: list[str] = []
    place: list[int] = []
    i = 0
    while i < len(tokens):
        end = _end(tokens, tags, i)
        parts = tokens[i:end:2]
        if _is_list(parts):
            words += parts
            of_words += [tags[i], "CC", tags[end - 1]]
            place += [len(words) - 3] * 2 + [len(words) - 2] * 2 + [len(words) - 1]
        else:
            place += [len(words)] * (end - i)
            words.append("-".join(parts))
            of_words.append(tags[i] if len(parts) == 1 else _tag(parts, tags, end))
        i = end
    chunks: list[tuple[int, int]] = []
    for start, end in reading.chunks:
        start, end = place[start], place[end - 1] + 1
        if chunks and start < chunks[-1][1]:
            start, _ = chunks.pop()
        chunks.append((start, end))
    return Reading(words, of_words, chunks)


def _end(tokens: Sequence[str], tags: Sequence[str], start: int) -> int:
    """Return one past the last token of the word that begins at ``start``."""
    end = start + 1
    while (
        end + 1 < len(tokens)
        and tokens[end] == "-"
        and tags[end] != ":"
        and _is_word(tokens[end - 1])
        and _is_word(tokens[end + 1])
    ):
        end += 2
    return end


def _is_word(token: str) -> bool:
    return token[:1].isalnum()


def _is_list(parts: Sequence[str]) -> bool:
    """Whether "-and-" joins two adjectives."""
    return (
        len(parts) == 3
        and parts[1].lower() == "and"
        and all(likely_tag(part.lower()) in ADJECTIVES for part in parts[::2])
    )


def _tag(parts: Sequence[str], tags: Sequence[str], end: int) -> str:
    """Return the tag of a joined word: an adjective, or a noun that nothing follows."""
    last, tag = parts[-1].lower(), tags[end - 1]
    if last in SECOND_HALVES or DESCRIBERS & {tag, likely_tag(last)}:
        return "JJ"
    follows = tags[end] if end < len(tags) else ""
    return "JJ" if follows in NOUNS | DESCRIBERS else tag if tag in NOUNS else "NN"
