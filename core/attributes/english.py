"""English surface forms of attributes: articles, plurals, merged adjectives, lists with commas.

Most attributes are an adjective and a singular noun. In a sentence, parts that occur several times
on an object are plural ("black wings"), mass nouns have no article ("grey plumage"), and the
adjectives of one noun are merged: shapes and sizes with commas, colours with "and" ("a short,
pointed, black and yellow bill").
"""

from functools import lru_cache

from fieldmarks.core.attributes.inflection import engine
from fieldmarks.core.attributes.wordlists import COLOURS, SINGULAR_IN_AS, descriptive_words

_ENGINE = engine()


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


@lru_cache(maxsize=4096)
def noun_form(noun: str, number: str, of_several: bool = False) -> str:
    """Return the noun as a description has it.

    Parameters
    ----------
    noun : str
        In the singular.
    number : str
        One of `core.attributes.nouns.NUMBERS`.
    of_several : bool
        Several objects are described.

    >>> noun_form("wing", "several"), noun_form("bill", "one"), noun_form("bird", "whole", True)
    ('wings', 'bill', 'birds')
    """
    is_plural = number == "several" or (of_several and number == "whole")
    return _ENGINE.plural_noun(noun) if is_plural else noun


@lru_cache(maxsize=4096)
def article(phrase: str, number: str = "one") -> str:
    """Return "a ", "an " or nothing, for a phrase whose noun has this number."""
    return "" if number in ("several", "mass") else _ENGINE.a(phrase).split(" ", 1)[0] + " "


@lru_cache(maxsize=4096)
def member(name: str) -> str:
    """Return what one object of a class is called.

    A class may be named in the plural, by an adjective or by what is done; such a name has no
    article of its own.

    >>> member("Arctic Tern"), member("Black-footed Albatross"), member("Canvas")
    ('an Arctic Tern', 'a Black-footed Albatross', 'a Canvas')
    >>> member("Flip Flops"), member("residential")
    ('an example of the class Flip Flops', 'an example of the class residential')
    """
    last = name.split(" ")[-1].lower()
    may_be_plural = last.endswith("s") and not last.endswith(("ss", "us", "is", "os"))
    may_be_plural = may_be_plural and last not in SINGULAR_IN_AS
    is_plural = may_be_plural and _ENGINE.singular_noun(last)
    is_description = descriptive_words().issuperset(name.lower().replace("-", " ").split())
    has_no_article = is_plural or is_description
    return f"an example of the class {name}" if has_no_article else f"{article(name)}{name}"


def order_adjectives(adjectives: list[str]) -> list[str]:
    """Return the adjectives with sizes first and colours last, otherwise in the given order.

    >>> order_adjectives(["red", "curved", "long"])
    ['long', 'curved', 'red']
    """
    return sorted(adjectives, key=lambda each: (each not in SIZES, each in COLOURS))


def possessive(name: str) -> str:
    """Return whose something is.

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


def noun_phrase(adjectives: list[str], noun: str, number: str = "one") -> str:
    """Return the adjectives of one noun as one phrase with its article.

    >>> noun_phrase(["black", "short", "pointed"], "bill")
    'a short, pointed, black bill'
    >>> noun_phrase(["white", "black"], "lace", "several")
    'white and black laces'
    >>> noun_phrase(["orange"], "sole")
    'an orange sole'
    """
    adjectives = order_adjectives(adjectives)
    before = separators(adjectives)
    phrase = "".join(map("".join, zip(before, adjectives, strict=True)))
    phrase += f" {noun_form(noun, number)}"
    return article(phrase, number) + phrase


def phrase_of(adjective: str, noun: str, kind: str, number: str) -> str:
    """Return an attribute as it is written in a sentence, without its article.

    >>> phrase_of("black", "wing", "pair", "several"), phrase_of("for men", "gender", "is", "one")
    ('black wings', 'for men')
    """
    if kind in ("is", "tag"):
        return adjective
    return f"{adjective} {noun_form(noun, number)}".strip()
