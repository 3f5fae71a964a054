"""English inflection by the library inflect: plurals, singulars, articles.

A run stores the forms that its sentences and queries need, so that nothing that reads a run needs
the library. inflect is imported on first use: its import takes more than a second of CPU.
"""

from collections.abc import Iterable
from functools import cache

import pandas as pd

from fieldmarks.precompute.attributes.lexicon import describing_words

#: Plurals of anatomy that the library does not know.
IRREGULAR = {"rectrix": "rectrices", "tarsus": "tarsi"}
#: Names that end in "as" and are not plural, as "kurtas" is one.
SINGULAR_IN_AS = frozenset("atlas bias canvas christmas gas pampas pancreas texas".split())


@cache
def _engine():
    from inflect import engine

    inflections = engine()
    for one, many in IRREGULAR.items():
        inflections.defnoun(one, many)
    return inflections


@cache
def plural(noun: str) -> str:
    """Return the plural of a noun.

    >>> plural("wing"), plural("foot"), plural("undertail covert"), plural("tarsus")
    ('wings', 'feet', 'undertail coverts', 'tarsi')
    """
    return str(_engine().plural_noun(noun))


@cache
def singular(word: str) -> str:
    """Return the singular of a word, unchanged where it is singular already.

    >>> singular("bellies"), singular("belly")
    ('belly', 'belly')
    """
    return str(_engine().singular_noun(word) or word)


@cache
def article(phrase: str) -> str:
    """Return "a" or "an".

    >>> article("bill"), article("orange bill")
    ('a', 'an')
    """
    return str(_engine().a(phrase)).split(" ", 1)[0]


@cache
def member(name: str) -> str:
    """Return what one object of a class is called in a sentence.

    A class may be named in the plural, by an adjective or by what is done; such a name has no
    article of its own.

    >>> member("Arctic Tern"), member("Black-footed Albatross"), member("Canvas")
    ('an Arctic Tern', 'a Black-footed Albatross', 'a Canvas')
    >>> member("Flip Flops"), member("residential")
    ('an example of the class Flip Flops', 'an example of the class residential')
    """
    last = name.split(" ")[-1].lower()
    may_be_plural = last.endswith("s") and not last.endswith(("ss", "us", "is", "os"))
    is_plural = may_be_plural and last not in SINGULAR_IN_AS and singular(last) != last
    is_description = _descriptive_words().issuperset(name.lower().replace("-", " ").split())
    if is_plural or is_description:
        return f"an example of the class {name}"
    return f"{article(name)} {name}"


@cache
def _descriptive_words() -> frozenset[str]:
    return frozenset(describing_words())


def with_forms(attributes: pd.DataFrame) -> pd.DataFrame:
    """Return the table of attributes with the forms that sentences need.

    Parameters
    ----------
    attributes : DataFrame of T rows
        With the columns adjective, noun, kind and number of the contract.

    Returns
    -------
    DataFrame of T rows
        With two more columns: ``plural``, of the noun, and ``article``, "a" or "an" before the
        attribute; empty where a sentence has none.
    """
    columns = (attributes[name] for name in ("adjective", "noun", "kind", "number"))
    forms = [_forms(*row) for row in zip(*columns, strict=True)]
    return attributes.assign(
        plural=[plural for plural, _ in forms], article=[article for _, article in forms]
    )


def _forms(adjective: str, noun: str, kind: str, number: str) -> tuple[str, str]:
    """Return the plural of the noun and the article before the attribute."""
    if kind in ("is", "tag"):
        return "", ""
    has_article = number not in ("several", "mass")
    return plural(noun), article(f"{adjective} {noun}".strip()) if has_article else ""


def with_plurals(groups: Iterable[Iterable[str]]) -> list[list[str]]:
    """Return groups of nouns that mean the same, each with the plurals of its nouns.

    >>> with_plurals([["bill", "beak"]])
    [['bill', 'beak', 'bills', 'beaks']]
    """
    listed = map(list, groups)
    return [list(dict.fromkeys([*group, *map(plural, group)])) for group in listed]
