"""One photograph: a bird in a place, in some light, with something before it now and then."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from fieldmarks.precompute.demo_world.painting.bird_shape import BirdShape, Pose
from fieldmarks.precompute.demo_world.painting.change import MarkChange
from fieldmarks.precompute.demo_world.painting.palette import shade
from fieldmarks.precompute.demo_world.painting.placement import Placement, paint_cover, paint_into
from fieldmarks.precompute.demo_world.painting.plumage import paint_bird
from fieldmarks.precompute.demo_world.painting.scenery import paint_backdrop
from fieldmarks.precompute.demo_world.species import Individual, Species

FINE = 2  #: scenes are painted this many times larger, then averaged


@dataclass(frozen=True)
class Difficulty:
    """How hard the pictures are; larger is harder.

    Parameters
    ----------
    hue : float
        Standard deviation of a mark's hue between individuals, turns.
    light : float
        Standard deviation of brightness; warmth varies half as much.
    hidden : float
        Probability that leaves or blades reach over the bird, in [0, 1].
    variants : float
        Probability that an individual wears a variant of its family, in [0, 1].
    smallest : float
        Smallest share of the picture's height or width that a bird fills, in (0, 0.9).
    grain : float
        Standard deviation of the sensor's noise, grey levels.
    """

    hue: float = 0.014
    light: float = 0.10
    hidden: float = 0.35
    variants: float = 0.2
    smallest: float = 0.5
    grain: float = 2.5


@dataclass(frozen=True)
class PaintedImage:
    """A photograph and what is true of it.

    Parameters
    ----------
    image : PIL.Image.Image
        RGB.
    individual : Individual
        The bird.
    kind : str
        Background, a key of `scenery.PLACES`.
    bbox : tuple of float
        Left, top, width and height of the bird within the picture, pixels.
    places : dict of str to tuple of float
        Column, row (pixels) and visible share in [0, 1] of each landmark.
    faces_left : bool
        The bird's left side is towards us.
    hidden : float
        Share of the bird behind something, in [0, 1].
    """

    image: Image.Image
    individual: Individual
    kind: str
    bbox: tuple[float, float, float, float]
    places: dict[str, tuple[float, float, float]]
    faces_left: bool
    hidden: float


def paint_picture(
    species: Species,
    kind: str,
    difficulty: Difficulty,
    size: tuple[int, int],
    rng: np.random.Generator,
    change: MarkChange | None = None,
) -> PaintedImage:
    """Paint a species before a background; ``size`` is the picture's columns and rows.

    With a change everything is drawn as without it, and only the marks that it names differ.
    """
    individual = Individual.draw(species, rng, difficulty.variants)
    anatomy = BirdShape(species.family.plan, Pose.draw(rng))
    shades = _shades(individual, difficulty.hue, rng)
    if change is not None:
        individual, shades = change.apply(individual, shades)
    bird = paint_bird(individual, shades, anatomy, rng)
    frame = (FINE * size[0], FINE * size[1])
    placed = Placement.draw(bird.getbbox(), frame, difficulty.smallest, rng)
    scene = paint_backdrop(kind, frame, rng)
    alpha = paint_into(scene, kind, placed.seen(bird), placed, anatomy, rng)
    cover = paint_cover(kind, frame, placed, difficulty.hidden, rng)
    scene.paste(cover, (0, 0), cover)

    covered = np.asarray(cover.getchannel("A"))
    left, top, right, bottom = placed.extent
    body = alpha[::4, ::4].astype(float)
    hidden = float((body * covered[top:bottom:4, left:right:4]).sum() / (255 * body.sum()))
    landmarks = {name: placed(point) for name, point in anatomy.landmarks().items()}
    places = {name: (*(at / FINE), _visible(covered, at)) for name, at in landmarks.items()}
    bbox = left / FINE, top / FINE, (right - left) / FINE, (bottom - top) / FINE
    image = _exposed(scene.reduce(FINE), difficulty, rng)
    return PaintedImage(image, individual, kind, bbox, places, placed.faces_left, hidden)


def _shades(individual: Individual, spread: float, rng: np.random.Generator) -> dict:
    """Draw the shade of each part and mark; parts of one word share it, as they do on a bird."""
    words = dict(individual.colours)
    for mark in ("wingbar", "eyering", "eyebrow"):
        if word := getattr(individual.species, mark):
            words[mark] = word
    by_word = {word: shade(word, rng, spread) for word in sorted(set(words.values()))}
    return {part: by_word[word] for part, word in words.items()}


def _visible(alpha: np.ndarray, at: np.ndarray) -> float:
    """Share of a small disc around a place that nothing covers; 0 outside the picture."""
    col, row = np.round(at).astype(int)
    if not (0 <= row < alpha.shape[0] and 0 <= col < alpha.shape[1]):
        return 0.0
    disc = alpha[max(0, row - 7) : row + 8, max(0, col - 7) : col + 8]
    return float(1 - disc.mean() / 255)


def _exposed(image: Image.Image, difficulty: Difficulty, rng: np.random.Generator) -> Image.Image:
    """Light, warmth and the sensor's noise."""
    gain = 1 + rng.normal(0, difficulty.light)
    warmth = rng.normal(0, difficulty.light / 2)
    pixels = np.asarray(image, dtype=np.float32)
    light = np.array([gain * (1 + warmth), gain, gain * (1 - warmth)], np.float32)
    pixels = pixels * light
    noise = rng.standard_normal(pixels.shape[:2], dtype=np.float32)
    return Image.fromarray(
        np.clip(pixels + difficulty.grain * noise[..., None], 0, 255).astype(np.uint8)
    )
