"""English sentences from attributes: merged adjectives, lists with commas, possessives.

The adjectives of one noun are merged: shapes and sizes with commas, colours with "and" ("a short,
pointed, black and yellow bill"). Plurals and articles are stored with a run
(`precompute.attributes.inflection`).
"""

from fieldmarks.core.attributes.wordlists import COLOURS

#: Words of size, which stand before all others.
SIZES = frozenset("big huge large little long narrow short small tall thick thin tiny wide".split())


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


def counted(n: int, noun: str) -> str:
    """Return a number of things in words; the noun's plural ends in s.

    >>> counted(1, "image"), counted(1200, "image")
    ('1 image', '1,200 images')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def noun_form(noun: str, plural: str, number: str, of_several: bool = False) -> str:
    """Return the noun as a description has it.

    Parameters
    ----------
    noun, plural : str
        In the singular and in the plural.
    number : str
        One of `core.attributes.nouns.NUMBERS`.
    of_several : bool
        Several objects are described.

    >>> noun_form("wing", "wings", "several"), noun_form("bill", "bills", "one")
    ('wings', 'bill')
    >>> noun_form("bird", "birds", "whole", of_several=True)
    'birds'
    """
    return plural if number == "several" or (of_several and number == "whole") else noun


def order_adjectives(adjectives: list[str]) -> list[str]:
    """Return the adjectives with sizes first and colours last, otherwise in the given order.

    >>> order_adjectives(["red", "curved", "long"])
    ['long', 'curved', 'red']
    """
    return sorted(adjectives, key=lambda each: (each not in SIZES, each in COLOURS))


def possessive(name: str) -> str:
    """Return the possessive form of a name.

    >>> possessive("Tops"), possessive("Rosy Fenwick")
    ("Tops'", "Rosy Fenwick's")
    """
    return f"{name}'" if name.endswith(("s", "S")) else f"{name}'s"


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
