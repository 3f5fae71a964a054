import re

import numpy as np

from fieldmarks.precompute.demo_world.captions.grammar import write_captions
from fieldmarks.precompute.demo_world.captions.words import NOUNS, PLACES, SALIENCE
from fieldmarks.precompute.demo_world.painting import scenery
from fieldmarks.precompute.demo_world.species import COLOURED, PaintedAttribute


def test_captions_are_varied_and_keep_to_what_is_seen():
    seen = [
        PaintedAttribute("red", "crown", "crown"),
        PaintedAttribute("black", "wing", "wing"),
        PaintedAttribute("short", "bill", "beak"),
        PaintedAttribute("white", "belly", "belly"),
    ]
    lines = write_captions(seen, np.random.default_rng(0), 400)
    assert len(set(lines)) > 300
    nouns = {form for noun, forms in NOUNS.items() for form, _ in forms
             if noun not in ("crown", "wing", "bill", "belly")}  # fmt: skip
    assert not [line for line in lines if set(re.findall(r"\w+", line)) & nouns]
    for form in ("beak", "bill", "cap", "abdomen", "wings", "small"):
        assert any(form in line for line in lines)
    assert not [line for line in lines if re.search(r"\ba [aeiou]|\ban [^aeiou]|  ", line)]
    mistakes = sum("pink crown" in line or "orange crown" in line for line in lines)
    assert 0 < mistakes < 20


def test_a_bird_with_one_visible_mark_is_still_described():
    lines = write_captions([PaintedAttribute("red", "crown", "crown")], np.random.default_rng(0))
    assert all("red" in line or "pink" in line or "orange" in line for line in lines)


def test_salience_names_only_known_nouns():
    assert set(SALIENCE) <= set(COLOURED) | {"head", "wingbar", "eyering", "eyebrow", "crest"}


def test_some_writers_name_the_place_where_they_may():
    seen = [
        PaintedAttribute("red", "crown", "crown"),
        PaintedAttribute("black", "wing", "wing"),
    ]
    lines = write_captions(seen, np.random.default_rng(0), 400, place="snow")
    assert 30 < sum("in white snow" in line for line in lines) < 90


def test_every_place_has_its_words():
    assert set(PLACES) == set(scenery.PLACES)
