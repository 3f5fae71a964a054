"""Captions: what ten people who do not know the species write about one picture.

Each writer notices two to four of the marks that can be seen, words them in a way of their own,
leaves the rest out and is now and then wrong about a colour.
"""

from collections.abc import Callable, Sequence

import numpy as np

from fieldmarks.precompute.demo_world.captions.words import (
    ADJECTIVES,
    MISTAKEN,
    NOUNS,
    PLACES,
    PLURAL,
    SALIENCE,
    worded,
)
from fieldmarks.precompute.demo_world.species import PaintedAttribute

MISTAKE = 0.03  #: probability that a colour is written wrongly
N_CAPTIONS = 10
NAMES_PLACE = 0.15  #: probability that a writer who may say where the bird is says it

Marks = list[tuple[str, list[str]]]  # what one writer mentions: noun, its adjectives


def write_captions(
    seen: Sequence[PaintedAttribute],
    rng: np.random.Generator,
    n: int = N_CAPTIONS,
    place: str = "",
) -> list[str]:
    """Write ``n`` captions of a picture by independent writers.

    Parameters
    ----------
    seen : sequence of PaintedAttribute
        The attributes that the picture shows.
    rng : numpy.random.Generator
        The writers.
    n : int
    place : str
        A key of `words.PLACES` that writers may name; by default they write of the bird alone.

    Returns
    -------
    list of str
        One sentence each, lower case.
    """
    return [_sentence(seen, rng, place) for _ in range(n)]


def _sentence(seen: Sequence[PaintedAttribute], rng: np.random.Generator, place: str) -> str:
    by_noun: dict[str, list[str]] = {}
    for attribute in seen:
        by_noun.setdefault(attribute.noun, []).append(attribute.adjective)
    size = by_noun.pop("bird", [""])[0]
    shares = np.array([SALIENCE.get(noun, 1.0) for noun in by_noun])
    n = min(len(by_noun), int(rng.choice([2, 3, 4], p=[0.4, 0.4, 0.2])))
    nouns = rng.choice(list(by_noun), n, replace=False, p=shares / shares.sum())
    marks = [(str(noun), _adjectives(by_noun[noun], rng)) for noun in nouns]
    colours = [by_noun[noun][0] for noun in ("breast", "back", "wing", "belly") if noun in by_noun]
    opening = _bird(size, colours, rng)
    template = _TEMPLATES[rng.choice(len(_TEMPLATES), p=_SHARES)] if n > 1 else _with
    text = template(opening, marks, rng)
    if place and rng.random() < NAMES_PLACE:
        text += f" {PLACES[place]}"
    return text + ("." if rng.random() < 0.85 else "")


def _adjectives(known: list[str], rng: np.random.Generator) -> list[str]:
    """Choose one or two adjectives of a noun and word them; shape goes before colour."""
    n = 2 if len(known) > 1 and rng.random() < 0.35 else 1
    shares = np.array([2.0] + [1.0] * (len(known) - 1))  # the colour comes to mind first
    chosen = rng.choice(len(known), n, replace=False, p=shares / shares.sum())
    words = []
    for i in sorted(chosen, reverse=True):
        word = known[i]
        if word in MISTAKEN and rng.random() < MISTAKE:
            word = str(rng.choice(MISTAKEN[word]))
        words.append(worded(word, ADJECTIVES, rng))
    return list(dict.fromkeys(words))


def _bird(size: str, colours: list[str], rng: np.random.Generator) -> str:
    """Say "small bird", "black and white bird" or plainly "bird"."""
    words = [worded(size, ADJECTIVES, rng)] if size and rng.random() < 0.4 else []
    if colours and rng.random() < 0.35:
        named = list(dict.fromkeys(worded(c, ADJECTIVES, rng) for c in colours))
        words.append(" and ".join(named[: rng.integers(1, 3)]))
    return " ".join([*words, "bird"])


def _phrase(mark: tuple[str, list[str]], rng: np.random.Generator) -> str:
    """Say one mark with its article: "a short black beak", "white wingbars"."""
    noun, adjectives = worded(mark[0], NOUNS, rng), mark[1]
    joint = ", " if len(adjectives) > 1 and rng.random() < 0.3 else " "
    return f"{_article(adjectives[0], noun)}{joint.join(adjectives)} {noun}"


def _article(first: str, noun: str) -> str:
    if noun in PLURAL:
        return ""
    return "an " if first[0] in "aeiou" else "a "


def _listed(marks: Marks, rng: np.random.Generator) -> str:
    """Join marks as a list; two marks of one colour may share it ("black crown and nape")."""
    if len(marks) == 1:
        return _phrase(marks[0], rng)
    first, second = marks[0][0], marks[1][0]
    if marks[0][1] == marks[1][1] and {first, second}.isdisjoint(("wing", "leg", "eye", "wingbar")):
        shared = f"{_phrase(marks[0], rng)} and {worded(second, NOUNS, rng)}"
        phrases = [shared, *(_phrase(mark, rng) for mark in marks[2:])]
    else:
        phrases = [_phrase(mark, rng) for mark in marks]
    comma = "," if len(phrases) > 2 and rng.random() < 0.7 else ""
    return " and ".join([", ".join(phrases[:-1]) + comma, phrases[-1]])


def _this_has(bird: str, marks: Marks, rng) -> str:
    return f"this {bird} has {_listed(marks, rng)}"


def _with(bird: str, marks: Marks, rng) -> str:
    return f"{rng.choice(['a', 'this is a', 'a', 'this is a'])} {bird} with {_listed(marks, rng)}"


def _bare(bird: str, marks: Marks, rng) -> str:
    return f"{bird} with {_listed(marks, rng)}"


def _the_is(bird: str, marks: Marks, rng) -> str:
    """Say the last mark as a predicate: "the bird has a red crown and its wings are black"."""
    noun = worded(marks[-1][0], NOUNS, rng)
    verb = "are" if noun in PLURAL else "is"
    said = " and ".join(marks[-1][1])
    rest = _listed(marks[:-1], rng)
    return f"the {bird} has {rest}, and {rng.choice(['its', 'the'])} {noun} {verb} {said}"


def _that_are(bird: str, marks: Marks, rng) -> str:
    """Say the first mark as a clause: "this bird has wings that are black and has a red crown"."""
    noun = worded(marks[0][0], NOUNS, rng)
    verb = "are" if noun in PLURAL else "is"
    said = " and ".join(marks[0][1])
    rest = _listed(marks[1:], rng)
    return f"this {bird} has {_article(noun, noun)}{noun} that {verb} {said} and has {rest}"


Template = Callable[[str, Marks, np.random.Generator], str]
_TEMPLATES: tuple[Template, ...] = (_this_has, _with, _bare, _the_is, _that_are)
_SHARES = (0.40, 0.26, 0.08, 0.16, 0.10)
