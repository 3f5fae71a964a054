"""Covering a part of a picture by what lies around it."""

import numpy as np

from benchmarks.experimental.covered_parts import cover

PLACE = np.array([0.5, 0.25])


def test_what_is_far_from_the_disc_stays_as_it_was():
    pixels = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    rows, columns = np.nonzero((cover(pixels, PLACE, 0.1) != pixels).any(axis=2))
    away = np.hypot(rows + 0.5 - 56, columns + 0.5 - 28)
    assert away.max() < 0.1 * 112 + 6


def test_a_part_takes_the_colour_of_its_surroundings():
    pixels = np.full((112, 112, 3), (30, 90, 200), np.uint8)
    pixels[52:60, 24:32] = (255, 0, 0)
    assert np.abs(cover(pixels, PLACE, 0.1).astype(int) - (30, 90, 200)).max() <= 1
