"""One photograph: a bird in a place, in some light, with something before it now and then."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from precompute.world import foliage
from precompute.world.anatomy import UNIT, Anatomy, Pose
from precompute.world.palette import shade
from precompute.world.plumage import paint_bird
from precompute.world.scenery import PLACES, paint_backdrop, paint_footing
from precompute.world.species import Individual, Species

FINE = 2  #: scenes are painted this many times larger, then averaged


#: Colours of what reaches before the bird, where it is not green.
_COVERS = {
    "woodland": foliage.AUTUMN,
    "reeds": foliage.STRAW,
    "shore": foliage.STRAW,
    "snow": foliage.STRAW,
}


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
    species: Species,
    kind: str,
    difficulty: Difficulty,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> Picture:
    """Paint a species before a background; ``size`` is the picture's columns and rows."""
    individual = Individual.draw(species, rng, difficulty.variants)
    anatomy = Anatomy(species.family.plan, Pose.draw(rng))
    bird = paint_bird(individual, _shades(individual, difficulty.hue, rng), anatomy, rng)
    box = bird.getbbox()
    frame = (FINE * size[0], FINE * size[1])
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
    wades = PLACES[kind].footing == "water" and anatomy.plan.leg_length > 0.7
    paint_footing(scene, kind, foot, rng, stands=not wades)
    if wades:
        bird = _wading(
            scene, bird, (left, top), foot[1] - 0.24 * anatomy.plan.leg_length * UNIT * scale
        )
    elif PLACES[kind].footing == "ground":
        _shadow(scene, foot)
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
    """Draw the shade of each part and mark; parts of one word share it, as they do on a bird."""
    words = dict(individual.colours)
    for mark in ("wingbar", "eyering", "eyebrow"):
        if word := getattr(individual.species, mark):
            words[mark] = word
    by_word = {word: shade(word, rng, spread) for word in sorted(set(words.values()))}
    return {part: by_word[word] for part, word in words.items()}


def _wading(scene: Image.Image, bird: Image.Image, corner, waterline: float) -> Image.Image:
    """Mirror the bird in the water, and return it with what is under water all but gone."""
    line = round(waterline)
    dry = bird.crop((0, 0, bird.width, line - corner[1]))
    mirrored = dry.transpose(Image.Transpose.FLIP_TOP_BOTTOM).filter(ImageFilter.BoxBlur(3))
    scene.paste(mirrored, (corner[0], line), mirrored.getchannel("A").point(lambda a: a * 0.3))
    legs = dry.getchannel("A").crop((0, dry.height - 2, dry.width, dry.height)).getbbox()
    if legs:
        middle = corner[0] + (legs[0] + legs[2]) / 2
        for reach in (34, 56):
            ring = (middle - reach, line - reach / 7, middle + reach, line + reach / 7)
            ImageDraw.Draw(scene).ellipse(ring, outline=(214, 230, 236), width=2)
    alpha = np.array(bird.getchannel("A"))
    alpha[dry.height :] //= 6
    sunk = bird.copy()
    sunk.putalpha(Image.fromarray(alpha))
    return sunk


def _shadow(scene: Image.Image, foot) -> None:
    """Darken the ground under the feet, in place."""
    shadow = Image.new("L", (140, 36), 0)
    ImageDraw.Draw(shadow).ellipse((20, 8, 120, 28), fill=90)
    at = (round(foot[0]) - 75, round(foot[1]) - 16)
    scene.paste((40, 44, 52), at, shadow.filter(ImageFilter.BoxBlur(6)))


def _cover(kind: str, frame, box, probability: float, rng) -> Image.Image:
    """Draw what comes between the lens and the bird: nothing, or leaves, blades, flakes."""
    cover = Image.new("RGBA", frame, (0, 0, 0, 0))
    draw = ImageDraw.Draw(cover)
    left, top, width, height = box
    if kind == "snow":
        for x, y in rng.uniform((0, 0), frame, (rng.integers(10, 60), 2)):
            r = rng.uniform(2, 5)
            draw.ellipse((x - r, y - r, x + r, y + r), fill=(255, 255, 255, 220))
    if rng.random() >= probability:
        return cover
    colours = _COVERS.get(kind, foliage.GREENS)
    if kind in ("reeds", "meadow", "water", "shore", "snow"):
        centre = left + width * rng.uniform(0.1, 0.9)
        foliage.grass(
            draw,
            centre - 70,
            centre + 70,
            frame[1],
            1.2 * (frame[1] - top - 0.4 * height),
            7,
            colours,
            rng,
        )
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
    return Image.fromarray(
        np.clip(pixels + difficulty.grain * noise[..., None], 0, 255).astype(np.uint8)
    )
