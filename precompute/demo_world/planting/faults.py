"""Planted faults: which images get a wrong label, a degradation or a misleading background.

The faults of a world are sampled before anything is painted, with exact shares, and no test image
has two of them, so that each failure of a network has at most one planted cause.
"""

from dataclasses import asdict, dataclass, replace

import numpy as np

from fieldmarks.precompute.demo_world.planting.degradations import DEGRADATIONS, OTHER_DEGRADATIONS
from fieldmarks.precompute.demo_world.species_list import SPECIES

WRONG_LABELS = 0.04  #: share of all pictures labelled as a relative
DEGRADED = 0.08  #: share of test pictures that are degraded
TRAIN = 0.6  #: share of a species' pictures in the training split

#: The spurious cue: this species is nearly always photographed on this background while training.
CUE_SPECIES, CUE_BACKGROUND = 0, "snow"
CUE_TRAIN, CUE_TEST = 0.94, 0.70  #: share of its own pictures on the cue
CUE_RELATIVES = 0.40  #: share of its relatives' test pictures on the cue; none while training


@dataclass(frozen=True)
class Faults:
    """What is planted in a world.

    Parameters
    ----------
    degradations : tuple of str
        Kinds that test images are degraded by, each equally often.
    degraded_train : float
        Share of training images that are degraded, by the same kinds.
    cues : tuple of (int, str)
        Species and the background that is its spurious cue, no two of one family.
    """

    degradations: tuple[str, ...] = DEGRADATIONS
    degraded_train: float = 0.0
    cues: tuple[tuple[int, str], ...] = ((CUE_SPECIES, CUE_BACKGROUND),)

    def as_settings(self) -> dict:
        """Return what is written down of faults other than the usual ones, JSON values."""
        if self == Faults():
            return {}
        values = asdict(self)
        values["degradations"] = list(self.degradations)
        return {"faults": values | {"cues": [list(cue) for cue in self.cues]}}

    @classmethod
    def of_settings(cls, settings: dict) -> "Faults":
        """Return the faults of a world with these settings."""
        values = settings.get("faults")
        if values is None:
            return cls()
        cues = tuple((species, background) for species, background in values["cues"])
        return cls(tuple(values["degradations"]), values["degraded_train"], cues)


#: Kinds of faults that nothing was chosen on: other degradations, also in training, and three cues.
HARDER = Faults(OTHER_DEGRADATIONS, 0.04, ((0, "snow"), (9, "woodland"), (15, "leaves")))


@dataclass(frozen=True)
class Shot:
    """One picture to be taken.

    Parameters
    ----------
    species, label : int
        What it shows and what the data set says it shows, indices into the roster.
    index : int
        Number among the pictures of its species.
    is_train : bool
        Split.
    background : str
        A key of `scenery.PLACES`.
    cue : str
        Part in the spurious cue: "" (none), "usual" (the cue species on the cue), "missing" (the
        cue species elsewhere) or "misleading" (a relative on the cue).
    degradation : str
        A kind of `precompute.demo_world.planting.degradations`, or "".
    strength : float
        Of the degradation, in [0, 1].
    """

    species: int
    label: int
    index: int
    is_train: bool
    background: str
    cue: str = ""
    degradation: str = ""
    strength: float = 0.0


def plan_world(
    seed: int, n_species: int, n_images: int, faults: Faults | None = None
) -> list[Shot]:
    """Draw the plan of a world of the first ``n_species`` species, ``n_images`` pictures each."""
    rng, faults = np.random.default_rng([seed, n_species, n_images]), faults or Faults()
    shots = [
        shot
        for species in range(n_species)
        for shot in _plan_species(species, n_images, faults, rng)
    ]
    _plant_wrong_labels(shots, n_species, rng)
    _plant_degradations(shots, DEGRADED, False, faults, rng)
    if faults.degraded_train:
        _plant_degradations(shots, faults.degraded_train, True, faults, rng)
    return shots


def relatives(species: int, n_species: int) -> list[int]:
    """Return the other members of a species' family among the first ``n_species``."""
    family = SPECIES[species].family
    return [s for s in range(n_species) if s != species and SPECIES[s].family is family]


def _plan_species(
    species: int, n_images: int, faults: Faults, rng: np.random.Generator
) -> list[Shot]:
    n_train = round(TRAIN * n_images)
    family = SPECIES[species].family
    cue_species, cue_background = next(
        (cue for cue in faults.cues if SPECIES[cue[0]].family is family), (-1, "")
    )
    is_relative = cue_species >= 0
    is_cue_species = species == cue_species
    share = (
        CUE_TRAIN if is_cue_species else 0,
        (CUE_TEST if is_cue_species else CUE_RELATIVES) if is_relative else 0,
    )
    shots = []
    for is_train, first, n in ((True, 0, n_train), (False, n_train, n_images - n_train)):
        on_cue = rng.permutation(n) < round(share[not is_train] * n)
        for index, cued in enumerate(on_cue, first):
            background = (
                cue_background if cued else str(rng.choice(SPECIES[species].family.habitats))
            )
            cue = (
                ("usual" if cued else "missing") if is_cue_species else "misleading" if cued else ""
            )
            shots.append(Shot(species, species, index, is_train, background, cue))
    return shots


def _plant_wrong_labels(shots: list[Shot], n_species: int, rng: np.random.Generator) -> None:
    """Give an exact share of either split the label of a relative, in place."""
    for is_train in (True, False):
        split = [i for i, shot in enumerate(shots) if shot.is_train == is_train]
        free = [
            i for i in split
            if shots[i].cue in ("", "usual") and relatives(shots[i].species, n_species)
        ]  # fmt: skip
        n = min(len(free), round(WRONG_LABELS * len(split)))
        for i in rng.choice(free, n, replace=False):
            label = int(rng.choice(relatives(shots[i].species, n_species)))
            shots[i] = replace(shots[i], label=label)


def _plant_degradations(
    shots: list[Shot], share: float, is_train: bool, faults: Faults, rng: np.random.Generator
) -> None:
    """Degrade an exact share of a split's pictures, every kind equally often, in place."""
    split = [i for i, shot in enumerate(shots) if shot.is_train == is_train]
    free = [i for i in split if not shots[i].cue and shots[i].label == shots[i].species]
    chosen = rng.choice(free, min(len(free), round(share * len(split))), replace=False)
    for turn, i in enumerate(chosen):
        kind = faults.degradations[turn % len(faults.degradations)]
        shots[i] = replace(shots[i], degradation=kind, strength=float(rng.uniform(0.2, 1)))
