"""Planted faults: which images get a wrong label, a degradation or a misleading background.

The faults of a world are sampled before anything is painted, with exact shares, and no test image
has two of them, so that each failure of a network has at most one planted cause.
"""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter

from precompute.demo_world.species_list import SPECIES

WRONG_LABELS = 0.04  #: share of all pictures labelled as a relative
DEGRADED = 0.08  #: share of test pictures that are degraded
TRAIN = 0.6  #: share of a species' pictures in the training split

#: The spurious cue: this species is nearly always photographed on this background while training.
CUE_SPECIES, CUE_BACKGROUND = 0, "snow"
CUE_TRAIN, CUE_TEST = 0.94, 0.70  #: share of its own pictures on the cue
CUE_RELATIVES = 0.40  #: share of its relatives' test pictures on the cue; none while training

DEGRADATIONS = ("blur", "colour cast", "noise", "low resolution")


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
        One of `DEGRADATIONS`, or "".
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


def plan_world(seed: int, n_species: int, n_images: int) -> list[Shot]:
    """Draw the plan of a world of the first ``n_species`` species, ``n_images`` pictures each."""
    rng = np.random.default_rng([seed, n_species, n_images])
    shots = [shot for species in range(n_species) for shot in _plan_species(species, n_images, rng)]
    _plant_wrong_labels(shots, n_species, rng)
    _plant_degradations(shots, rng)
    return shots


def relatives(species: int, n_species: int) -> list[int]:
    """Return the other members of a species' family among the first ``n_species``."""
    family = SPECIES[species].family
    return [s for s in range(n_species) if s != species and SPECIES[s].family is family]


def _plan_species(species: int, n_images: int, rng: np.random.Generator) -> list[Shot]:
    n_train = round(TRAIN * n_images)
    is_relative = SPECIES[species].family is SPECIES[CUE_SPECIES].family
    is_cue_species = species == CUE_SPECIES
    share = (
        CUE_TRAIN if is_cue_species else 0,
        (CUE_TEST if is_cue_species else CUE_RELATIVES) if is_relative else 0,
    )
    shots = []
    for is_train, first, n in ((True, 0, n_train), (False, n_train, n_images - n_train)):
        on_cue = rng.permutation(n) < round(share[not is_train] * n)
        for index, cued in enumerate(on_cue, first):
            background = (
                CUE_BACKGROUND if cued else str(rng.choice(SPECIES[species].family.habitats))
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


def _plant_degradations(shots: list[Shot], rng: np.random.Generator) -> None:
    """Spoil an exact share of the test pictures, every kind equally often, in place."""
    test = [i for i, shot in enumerate(shots) if not shot.is_train]
    free = [i for i in test if not shots[i].cue and shots[i].label == shots[i].species]
    chosen = rng.choice(free, min(len(free), round(DEGRADED * len(test))), replace=False)
    for turn, i in enumerate(chosen):
        kind = DEGRADATIONS[turn % len(DEGRADATIONS)]
        shots[i] = replace(shots[i], degradation=kind, strength=float(rng.uniform(0.2, 1)))


def degrade(
    image: Image.Image, kind: str, strength: float, rng: np.random.Generator
) -> Image.Image:
    """Return the picture as a bad camera would have taken it; ``strength`` in [0, 1]."""
    if kind == "blur":
        return image.filter(ImageFilter.GaussianBlur(1.5 + 4.5 * strength))
    if kind == "low resolution":
        shrunk = [max(8, round(side / (4 + 8 * strength))) for side in image.size]
        return image.resize(shrunk, Image.Resampling.BOX).resize(
            image.size, Image.Resampling.BILINEAR
        )
    pixels = np.asarray(image, dtype=np.float32)
    if kind == "noise":
        pixels = pixels + rng.normal(0, 25 + 50 * strength, pixels.shape)
    elif kind == "colour cast":
        gains = 1 + (0.15 + 0.40 * strength) * rng.permutation([1.0, -0.2, -0.8])
        pixels = pixels * gains
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
