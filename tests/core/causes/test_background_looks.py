"""Groups of backgrounds are told from objects by the corners of their images."""

import io

import numpy as np
import pytest
from PIL import Image

from fieldmarks.core.causes.background_looks import (
    colour_name,
    corners,
    distinct_groups,
    lab,
)


@pytest.mark.parametrize(
    ("rgb", "wanted"),
    [  # by the formulae of CIE 15:2004, D65
        ((255, 0, 0), (53.2, 80.1, 67.2)),
        ((0, 255, 0), (87.7, -86.2, 83.2)),
        ((0, 0, 255), (32.3, 79.2, -107.9)),
        ((10, 10, 10), (2.7, 0.0, 0.0)),
    ],
)
def test_colours_are_those_of_cielab(rgb, wanted):
    np.testing.assert_allclose(lab(np.array(rgb)), wanted, atol=0.1)


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((0, 0, 0), "black"),
        ((128, 128, 128), "grey"),
        ((225, 228, 232), "light grey"),
        ((255, 255, 255), "white"),
        ((40, 120, 40), "green"),
        ((90, 150, 210), "blue"),
        ((110, 75, 40), "brown"),
        ((250, 220, 200), "beige"),
        ((10, 40, 10), "dark green"),
    ],
)
def test_a_colour_is_called_by_its_common_name(rgb, name):
    assert colour_name(lab(np.array(rgb))) == name


def picture(ground, thing) -> bytes:
    """Return a picture of a ground with a thing in its middle."""
    pixels = np.empty((96, 96, 3), np.uint8)
    pixels[:] = ground
    pixels[20:76, 20:76] = thing
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_the_thing_in_the_middle_does_not_change_the_corners():
    white = corners(picture(255, (0, 0, 200)))
    np.testing.assert_allclose(white, [100, 0, 0, 0], atol=0.01)
    np.testing.assert_allclose(white, corners(picture(255, 0)))


class Pictures:
    """A run as far as its pictures go."""

    def __init__(self, pictures):
        self.pictures = pictures

    def packed(self, name, x):
        assert name == "thumb"
        return self.pictures[x]


def test_groups_on_one_ground_are_none_and_one_on_snow_is():
    group = np.repeat([0, 1, 2, 3, -1], 8)
    things = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (200, 200, 0), 0]
    plain = Pictures([picture((90, 120, 60), things[g]) for g in group])
    assert distinct_groups(plain, group) == []
    grounds = [(90, 120, 60), (240, 240, 245), (92, 121, 60), (90, 119, 62), 0]
    assert distinct_groups(Pictures([picture(grounds[g], 0) for g in group]), group) == [1]
