"""The same bird with a mark recoloured, removed or moved, and nothing else changed."""

from dataclasses import dataclass, replace

from fieldmarks.precompute.demo_world.painting.palette import PALETTE, Colour
from fieldmarks.precompute.demo_world.species import Individual

#: Marks that a bird can be without.
BANDS = ("wingbar", "eyering", "eyebrow")
KINDS = RECOLOURED, REMOVED, MOVED = ("recoloured", "removed", "moved")


@dataclass(frozen=True)
class MarkChange:
    """One change of one bird.

    Parameters
    ----------
    kind : str
        ``recoloured``: the part wears another colour. ``removed``: the band is not there.
        ``moved``: two parts exchange their colours.
    part : str
        One of `species.COLOURED`, or of `BANDS` where it is removed.
    word : str
        Its colour.
    other : str
        The new colour where it is recoloured, the other part where it is moved.
    """

    kind: str
    part: str
    word: str
    other: str = ""

    def apply(
        self, individual: Individual, shades: dict[str, Colour]
    ) -> tuple[Individual, dict[str, Colour]]:
        """Return the bird and the shades of its parts after the change."""
        colours = dict(individual.colours)
        if self.kind == REMOVED:
            return replace(
                individual, species=replace(individual.species, **{self.part: ""})
            ), shades
        if self.kind == MOVED:
            there = colours[self.other]
            worn = {self.part: there, self.other: colours[self.part]}
            shown = {self.part: shades[self.other], self.other: shades[self.part]}
        else:
            alike = [part for part, word in colours.items() if word == self.other]
            worn = {self.part: self.other}
            shown = {self.part: shades[alike[0]] if alike else PALETTE[self.other]}
        return replace(individual, colours=colours | worn), shades | shown
