"""What an attribute is: an adjective with its noun, or another kind that data sets have."""

from typing import NamedTuple

#: ``pair``: an adjective and its noun ("red head"). ``noun``: a noun alone ("polka dot"). ``is``:
#: one value of a property that has no second ("navy blue", "for women"); the noun names the
#: property. ``tag``: a word that stands by itself ("vintage").
KINDS = ("pair", "noun", "is", "tag")


class Attribute(NamedTuple):
    """An attribute in lower case, its noun in the singular; see `KINDS`.

    >>> Attribute("red", "head").phrase, Attribute("", "polka dot", "noun").phrase
    ('red head', 'polka dot')
    >>> Attribute("navy blue", "colour", "is").phrase
    'navy blue'
    """

    adjective: str
    noun: str
    kind: str = "pair"

    @property
    def phrase(self) -> str:
        """How it is shown and searched."""
        if self.kind in ("is", "tag"):
            return self.adjective
        return f"{self.adjective} {self.noun}".strip()
