"""English surface forms of attributes: articles, plurals, merged adjectives, lists with commas.

An attribute is an adjective and a singular noun. In a sentence, parts that occur several times on
an object are plural ("black wings"), mass nouns have no article ("grey plumage"), and the
adjectives of one noun are merged: shapes and sizes with commas, colours with "and" ("a short,
pointed, black and yellow bill").
"""

from functools import lru_cache

import inflect

from core.language.wordlists import COLOURS, MASS_NOUNS, PLURAL_NOUNS, WHOLE_NOUNS

_ENGINE = inflect.engine()


def join(items: list[str]) -> str:
    """Return the items as a list in a sentence.

    >>> join(["a red throat"])
    'a red throat'
    >>> join(["a red throat", "black wings", "a long bill"])
    'a red throat, black wings, and a long bill'
    """
    if len(items) < 3:
        return " and ".join(items)
    return ", ".join(items[:-1]) + ", and " + items[-1]


@lru_cache(maxsize=4096)
def noun_form(noun: str, of_several: bool = False) -> str:
    """Return the noun in the number used in descriptions: "wings", "bill"; of several, "birds"."""
    is_plural = noun.split()[-1] in PLURAL_NOUNS or (of_several and noun in WHOLE_NOUNS)
    return _ENGINE.plural_noun(noun) if is_plural else noun


@lru_cache(maxsize=4096)
def article(phrase: str, noun: str) -> str:
    """Return "a ", "an " or nothing, for a phrase that ends in ``noun``."""
    if noun.split()[-1] in PLURAL_NOUNS or noun in MASS_NOUNS:
        return ""
    return _ENGINE.a(phrase).split(" ", 1)[0] + " "


def order_adjectives(adjectives: list[str]) -> list[str]:
    """Return the adjectives with colours last, otherwise in the given order."""
    return sorted(adjectives, key=lambda adjective: adjective in COLOURS)


def separators(adjectives: list[str]) -> list[str]:
    """Return the separator before each of the ordered adjectives: nothing, a comma or "and"."""
    return [
        ""
        if i == 0
        else " and "
        if adjective in COLOURS and adjectives[i - 1] in COLOURS and i == len(adjectives) - 1
        else ", "
        for i, adjective in enumerate(adjectives)
    ]


def noun_phrase(adjectives: list[str], noun: str) -> str:
    """Return the adjectives of one noun as one phrase with its article.

    >>> noun_phrase(["black", "short", "pointed"], "bill")
    'a short, pointed, black bill'
    >>> noun_phrase(["white", "black"], "wing")
    'white and black wings'
    >>> noun_phrase(["orange"], "beak")
    'an orange beak'
    """
    adjectives = order_adjectives(adjectives)
    before = separators(adjectives)
    phrase = "".join(map("".join, zip(before, adjectives, strict=True))) + f" {noun_form(noun)}"
    return article(phrase, noun) + phrase
