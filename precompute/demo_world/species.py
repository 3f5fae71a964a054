"""Species and individuals: field marks as words, before anything is painted.

A species is a family's plan plus a word per part. An individual is a species after the variation
that nature allows; what *it* shows, not what its species ought to, is the truth of a picture.
"""

from dataclasses import dataclass, field

import numpy as np

from fieldmarks.precompute.demo_world.painting.beak import BILLS
from fieldmarks.precompute.demo_world.painting.bird_shape import Proportions

#: Parts that bear one colour word each.
COLOURED = (
    "crown", "forehead", "nape", "cheek", "throat", "breast", "belly", "back", "wing", "tail",
    "bill", "eye", "leg",
)  # fmt: skip

#: Landmark at which a noun is seen, where it is not called the same.
LANDMARK = {
    "bill": "beak",
    "eyering": "eye",
    "eyebrow": "eye",
    "crest": "crown",
    "head": "crown",
}


@dataclass(frozen=True)
class Family:
    """Relatives: one shape, the same places to live, the variation they share.

    ``variants`` maps parts to a colour that some individuals of every member wear there.
    """

    name: str
    plan: Proportions
    size: str
    habitats: tuple[str, ...]
    variants: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Species:
    """A name and its field marks.

    Parameters
    ----------
    name : str
        Label in the manner of CUB: words joined by underscores.
    family : Family
        Its relatives.
    colours : dict of str to str
        One word of the palette for each of `COLOURED`.
    patterns : dict of str to str
        "speckled" or "striped" for breast, belly, back or crown.
    wingbar, eyering, eyebrow : str
        Colour word, empty for none.
    """

    name: str
    family: Family
    colours: dict[str, str]
    patterns: dict[str, str] = field(default_factory=dict)
    wingbar: str = ""
    eyering: str = ""
    eyebrow: str = ""

    def marks(self) -> dict[str, str]:
        """Return every mark that distinguishes relatives: its noun and word, "" for none."""
        patterns = {f"{part} pattern": word for part, word in self.patterns.items()}
        bands = {"wingbar": self.wingbar, "eyering": self.eyering, "eyebrow": self.eyebrow}
        return self.colours | bands | patterns


@dataclass(frozen=True)
class PaintedAttribute:
    """An adjective on a noun, and the landmark where it is seen (empty for the whole bird)."""

    adjective: str
    noun: str
    landmark: str


@dataclass(frozen=True)
class Individual:
    """One bird of a species: its colours after individual variation."""

    species: Species
    colours: dict[str, str]

    @classmethod
    def draw(cls, species: Species, rng: np.random.Generator, rate: float) -> "Individual":
        """Draw an individual; each variant of its family is worn with probability ``rate``."""
        worn = {part: word for part, word in species.family.variants.items() if rng.random() < rate}
        return cls(species, species.colours | worn)

    def attributes(self) -> list[PaintedAttribute]:
        """Return everything that a picture of this bird could show."""
        species, plan = self.species, self.species.family.plan
        shown = [PaintedAttribute(self.colours[part], part, _landmark(part)) for part in COLOURED]
        face = {self.colours[part] for part in ("crown", "nape", "cheek")}
        if len(face) == 1:
            shown.append(PaintedAttribute(face.pop(), "head", "crown"))
        bands = {noun: getattr(species, noun) for noun in ("wingbar", "eyering", "eyebrow")}
        shown += [
            PaintedAttribute(word, noun, _landmark(noun)) for noun, word in bands.items() if word
        ]
        shown += [
            PaintedAttribute(word, part, _landmark(part)) for part, word in species.patterns.items()
        ]
        shown += [PaintedAttribute(word, "bill", "beak") for word in BILLS[plan.bill].words]
        shown += [PaintedAttribute(word, "tail", "tail") for word in tail_words(plan)]
        if plan.leg_length > 0.9:
            shown.append(PaintedAttribute("long", "leg", "leg"))
        if plan.crest:
            shown.append(PaintedAttribute("pointed", "crest", "crown"))
        if species.family.size != "medium":
            shown.append(PaintedAttribute(species.family.size, "bird", ""))
        return shown


def tail_words(plan: Proportions) -> list[str]:
    """Return the adjectives of a tail's length and shape.

    >>> tail_words(Proportions(tail="forked", tail_length=1.5))
    ['long', 'forked']
    """
    words = ["long"] if plan.tail_length > 1.2 else ["short"] if plan.tail_length < 0.7 else []
    return words + [plan.tail] * (plan.tail in ("forked", "pointed"))


def _landmark(noun: str) -> str:
    return LANDMARK.get(noun, noun)
