"""What is known of the nouns of a data set: their number, and the parts that they name.

Given by a small file with the data set, or learnt from its captions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

#: How a noun is said of one object: "a bill", "wings", "plumage", and "is a bird" for the object.
NUMBERS = ("one", "several", "mass", "whole")
_COUNTED = frozenset("two three four five six seven eight nine ten eleven twelve".split())


@dataclass(frozen=True)
class Nouns:
    """Nouns by what they are.

    Parameters
    ----------
    number : mapping of str to str
        One of `NUMBERS` for each noun; "one" for a noun that is not there.
    part : mapping of str to str
        The part that a noun names: "beak" for "bill".
    keypoints : mapping of str to tuple of str
        The annotated points of each part; the nearest visible one counts.
    ends_phrase : frozenset of str
        Nouns, singular and plural, behind which an adjective starts another phrase.
    """

    number: Mapping[str, str] = field(default_factory=dict)
    part: Mapping[str, str] = field(default_factory=dict)
    keypoints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ends_phrase: frozenset[str] = frozenset()

    def number_of(self, noun: str) -> str:
        """Return the number of a noun; what is several, or counted, is so in a compound too.

        >>> nouns = Nouns({"wing": "several", "down": "mass"})
        >>> nouns.number_of("upper wing"), nouns.number_of("down"), nouns.number_of("bill")
        ('several', 'mass', 'one')
        >>> nouns.number_of("four door"), nouns.number_of("one door")
        ('several', 'one')
        """
        if noun in self.number:
            return self.number[noun]
        first, _, last = noun.rpartition(" ")
        if first.partition(" ")[0] in _COUNTED:
            return "several"
        return "several" if self.number.get(last) == "several" else "one"

    def part_of(self, noun: str) -> str:
        """Return the part that a noun names, empty for none."""
        return self.part.get(noun, "")
