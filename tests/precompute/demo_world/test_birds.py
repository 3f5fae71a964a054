import numpy as np
import pytest

from fieldmarks.precompute.demo_world.captions.words import MISTAKEN
from fieldmarks.precompute.demo_world.cub_writer import look_alikes
from fieldmarks.precompute.demo_world.painting.curves import Frame, blade, smooth
from fieldmarks.precompute.demo_world.painting.palette import PALETTE
from fieldmarks.precompute.demo_world.species import COLOURED
from fieldmarks.precompute.demo_world.species_list import SPECIES
from tests.support.contact_sheet import contact_sheet


def test_five_families_have_a_pair_that_differs_in_one_mark():
    pairs = look_alikes(24)
    assert len(pairs) == 5
    assert len({mark for _, _, mark, *_ in pairs}) == 4
    assert look_alikes(2) == [("Rosy_Fenwick", "Bibbed_Fenwick", "throat", "pink", "black")]


def test_every_species_has_a_word_for_every_part_and_no_two_are_alike():
    for species in SPECIES:
        assert set(species.colours) == set(COLOURED), species.name
        assert set(species.colours.values()) <= set(PALETTE), species.name
    assert len({species.name for species in SPECIES}) == 24
    marks = [(s.family.name, *sorted(s.marks().items())) for s in SPECIES]
    assert len(set(map(str, marks))) == 24
    assert set(MISTAKEN) == set(PALETTE)


def test_a_frame_and_its_inverse_cancel():
    frame = Frame((3.0, -2.0), 0.7, 12.0)
    points = np.random.default_rng(0).normal(size=(20, 2))
    back = np.stack(frame.inverse(*frame(points).T), axis=1)
    np.testing.assert_allclose(back, points, atol=1e-12)
    lifted = frame([(1.0, 0.0)])[0] - frame([(0.0, 0.0)])[0]
    assert lifted[1] < 0  # a positive angle lifts the front


def test_a_smooth_curve_goes_through_its_points_and_a_blade_from_base_to_tip():
    corners = np.array([(0, 0), (4, 0), (4, 3), (0, 3)], float)
    np.testing.assert_allclose(smooth(corners, 6)[::6], corners)
    outline = blade((0, 0), (10, 0), 2.0)
    np.testing.assert_allclose(outline[0], (0, 0), atol=1e-9)
    assert np.hypot(*(outline - (10, 0)).T).min() < 1e-9
    assert outline[:, 1].max() == pytest.approx(1, abs=0.1)


@pytest.mark.slow
def test_the_contact_sheet_is_small_enough_for_a_readme(tmp_path):
    contact_sheet(tmp_path / "birds.jpg")
    assert (tmp_path / "birds.jpg").stat().st_size < 400_000
