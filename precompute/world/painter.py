"""One photograph: a bird in a place, in some light, with something before it now and then."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from precompute.world import foliage
from precompute.world.anatomy import Anatomy, Pose
from precompute.world.palette import shade
from precompute.world.plumage import paint_bird
from precompute.world.scenery import PLACES, paint_backdrop, paint_footing
from precompute.world.species import Individual, Species

FINE = 2  #: scenes are painted this many times larger, then averaged

#: CUB's fifteen parts by landmark; "near" becomes the side that the bird shows.
PARTS = {
    "back": "back", "beak": "beak", "belly": "belly", "breast": "breast", "crown": "crown",
    "forehead": "forehead", "eye": "near eye", "leg": "near leg", "far leg": "far leg",
    "wing": "near wing", "nape": "nape", "tail": "tail", "throat": "throat",
}  # fmt: skip


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
    grain: float = 4.0


@dataclass(frozen=True)
class Picture:
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
    species: Species, kind: str, difficulty: Difficulty, size: int, rng: np.random.Generator
) -> Picture:
    """Paint a species before a background; ``size`` is the long side of the picture in pixels."""
    individual = Individual.draw(species, rng, difficulty.variants)
    anatomy = Anatomy(species.family.plan, Pose.draw(rng))
    bird = paint_bird(individual, _shades(individual, difficulty.hue, rng), anatomy, rng)
    box = bird.getbbox()
    short = FINE * round(size * rng.choice([0.75, 0.8, 0.9, 1.0]))
    frame = (FINE * size, short) if rng.random() < 0.75 else (short, FINE * size)

    fill = rng.uniform(difficulty.smallest, 0.9)
    scale = fill * min(frame[0] / (box[2] - box[0]), frame[1] / (box[3] - box[1]))
    small = (round((box[2] - box[0]) * scale), round((box[3] - box[1]) * scale))
    bird = bird.resize(small, Image.Resampling.BICUBIC, box=box)
    faces_left = bool(rng.random() < 0.5)
    if faces_left:
        bird = bird.transpose(Image.Transpose.FLIP_LEFT_RIGHT)

    spare = np.array(frame) - small
    left, top = (spare * rng.uniform((0.15, 0.3), (0.85, 0.75))).astype(int).tolist()

    def on_scene(point: np.ndarray) -> np.ndarray:
        x, y = (point - box[:2]) * scale
        return np.array([left + (small[0] - x if faces_left else x), top + y])

    foot = on_scene(anatomy.feet[1])
    scene = paint_backdrop(kind, frame, rng)
    paint_footing(scene, kind, foot, rng)
    _ground_bird(scene, bird, (left, top), foot, kind)
    scene.paste(bird, (left, top), bird)
    cover = _cover(kind, frame, (left, top, *small), difficulty.hidden, rng)
    scene.paste(cover, (0, 0), cover)

    alpha = np.asarray(cover.getchannel("A"))
    body = np.asarray(bird.getchannel("A"))[::4, ::4].astype(float)
    behind = alpha[top : top + small[1] : 4, left : left + small[0] : 4]
    hidden = float((body * behind).sum() / (255 * body.sum()))
    places = {
        name: (*(at / FINE), _visible(alpha, at))
        for name, at in ((name, on_scene(at)) for name, at in anatomy.landmarks().items())
    }
    bbox = tuple(edge / FINE for edge in (left, top, *small))
    image = _exposed(scene.reduce(FINE), difficulty, rng)
    return Picture(image, individual, kind, bbox, places, faces_left, hidden)


def _shades(individual: Individual, spread: float, rng: np.random.Generator) -> dict:
    """The shade of each part and mark; parts of one word share one shade, as they do on a bird."""
    words = dict(individual.colours)
    for mark in ("wingbar", "eyering", "eyebrow"):
        if word := getattr(individual.species, mark):
            words[mark] = word
    by_word = {word: shade(word, rng, spread) for word in sorted(set(words.values()))}
    return {part: by_word[word] for part, word in words.items()}


def _ground_bird(scene: Image.Image, bird: Image.Image, corner, foot, kind: str) -> None:
    """Tie the bird to its place: a reflection in water, a shadow on the ground."""
    footing = PLACES[kind].footing
    if footing == "water":
        mirrored = bird.transpose(Image.Transpose.FLIP_TOP_BOTTOM).filter(ImageFilter.BoxBlur(3))
        faint = mirrored.getchannel("A").point(lambda a: a * 0.32)
        top = round(2 * foot[1] - corner[1] - bird.height)
        scene.paste(mirrored, (corner[0], top), faint)
    elif footing == "ground":
        shadow = Image.new("L", (140, 36), 0)
        ImageDraw.Draw(shadow).ellipse((20, 8, 120, 28), fill=90)
        scene.paste((40, 44, 52), (round(foot[0]) - 75, round(foot[1]) - 16), shadow.filter(ImageFilter.BoxBlur(6)))


def _cover(kind: str, frame, box, probability: float, rng) -> Image.Image:
    """What comes between the lens and the bird: nothing, or leaves, blades, flakes; RGBA."""
    cover = Image.new("RGBA", frame, (0, 0, 0, 0))
    draw = ImageDraw.Draw(cover)
    left, top, width, height = box
    if kind == "snow":
        for x, y in rng.uniform((0, 0), frame, (rng.integers(10, 60), 2)):
            r = rng.uniform(2, 5)
            draw.ellipse((x - r, y - r, x + r, y + r), fill=(255, 255, 255, 220))
    if rng.random() >= probability:
        return cover
    colours = {"woodland": foliage.AUTUMN, "reeds": foliage.STRAW, "shore": foliage.STRAW}.get(kind, foliage.GREENS)
    if kind in ("reeds", "meadow", "water", "shore", "snow"):
        centre = left + width * rng.uniform(0.1, 0.9)
        foliage.grass(draw, centre - 70, centre + 70, frame[1], 1.2 * (frame[1] - top - 0.4 * height), 7, colours, rng)
    else:
        start = np.array([rng.choice([-10, frame[0] + 10]), top + height * rng.uniform(-0.2, 1.2)])
        end = np.array([left + width * rng.uniform(0.2, 0.8), top + height * rng.uniform(0.1, 0.9)])
        foliage.twig(draw, start, end, rng.uniform(4, 7), colours, rng)
    return cover


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
    pixels = pixels * np.float32([gain * (1 + warmth), gain, gain * (1 - warmth)])
    noise = rng.standard_normal(pixels.shape[:2], dtype=np.float32)
    return Image.fromarray(np.clip(pixels + difficulty.grain * noise[..., None], 0, 255).astype(np.uint8))
