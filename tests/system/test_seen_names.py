import numpy as np
import pytest

from fieldmarks.core.estimators.filter_statistics import (
    MIN_CONFIDENCE,
    MIN_MASS,
    pair_confidence,
    seen_names,
)

ADJECTIVES = np.array(["red", "red", "blue", ""])


@pytest.mark.parametrize(
    ("p", "confidence", "t", "adjective"),
    [
        ([0.4, 0.3, 0.2, 0.1], MIN_CONFIDENCE, 0, "red"),  # a pair wins over its adjective
        ([0.4, 0.3, 0.2, 0.1], 0, -1, "red"),  # red bill or red wing: red, anywhere
        ([0.3, 0.2, 0.4, 0.1], 0, -1, ""),  # half of it is not most of it
        ([0.1, 0.1, 0.8, 0.0], 0, -1, "blue"),
        ([0.1, 0.0, 0.1, 0.8], 0, -1, ""),  # a noun alone has no adjective
        ([0.1, 0.0, 0.1, 0.8], MIN_CONFIDENCE, 3, ""),
    ],
)
def test_a_filter_is_named_by_a_pair_an_adjective_or_nothing(p, confidence, t, adjective):
    table = seen_names(np.array([p]), np.array([confidence]), ADJECTIVES)
    assert (table["t"][0], table["adjective"][0]) == (t, adjective)


def test_the_mass_is_that_of_the_likeliest_adjective():
    p = np.random.default_rng(0).dirichlet(np.ones(4), size=5)
    table = seen_names(p, np.zeros(5), ADJECTIVES)
    for f in range(5):
        assert table["mass"][f] == pytest.approx(max(p[f, :2].sum(), p[f, 2]), rel=1e-6)
        assert (table["adjective"][f] != "") == (table["mass"][f] >= MIN_MASS)


def test_a_pair_is_surer_the_more_its_noun_is_at_the_peak_and_the_more_captions_have_it():
    place = np.array([[0.0, 3.0], [3.0, 0.0]])
    share = np.array([[0.1, 0.5], [0.1, 0.5]])
    same = pair_confidence(place, share, np.array([1, 1]))
    assert same[0] == pytest.approx(same[1] + 3)
    other = pair_confidence(place, share, np.array([0, 0]))
    assert same[0] > other[0]
    assert np.isfinite(pair_confidence(place, share * 0, np.array([0, 1]))).all()
