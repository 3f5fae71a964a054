"""What filters stand for, by their top-activating images, and images that contradict it."""

import numpy as np
import pytest

from fieldmarks.core.explanations import filter_meanings as module
from fieldmarks.core.explanations.filter_meanings import (
    N_TOP,
    cell_groups,
    filter_meanings,
    peak_cells,
)
from tests.support.two_attributes import run_of_two_attributes


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run in which every captioned image is said to have one of the first two attributes."""
    return run_of_two_attributes(tmp_path_factory.mktemp("runs"), X=120)


def test_meanings_share_out_the_top_activating_images(run):
    for f in range(run.sizes["F"]):
        meanings = filter_meanings(run, f)
        xs = np.concatenate([meaning.xs for meaning in meanings])
        assert len(set(xs.tolist())) == len(xs) == len(run.array("top_images")[f, :N_TOP])
        assert sum(meaning.share for meaning in meanings) == pytest.approx(1)
        for meaning in meanings:
            assert (np.diff(run.array("pooled")[meaning.xs, f]) <= 0).all()


def test_points_of_one_normal_distribution_are_one_group():
    rng = np.random.default_rng(1)
    n_divided = sum(len(cell_groups(rng.normal(size=(30, 12)), seed)) > 1 for seed in range(40))
    assert n_divided <= 5  # 5 % of 40, and chance


@pytest.mark.parametrize("n_groups", [2, 3])
def test_points_around_distant_places_are_as_many_groups(n_groups):
    rng = np.random.default_rng(2)
    places = np.array([0, 12, 40])[:n_groups, None] * np.eye(12)[0]
    member = np.arange(30) % n_groups
    divided = cell_groups(places[member] + rng.normal(size=(30, 12)))
    assert sorted(len(rows) for rows, _ in divided) == [30 // n_groups] * n_groups
    for rows, p_value in divided:
        assert len(set(member[rows].tolist())) == 1
        assert p_value <= 0.05


@pytest.mark.parametrize(
    "points", [np.zeros((30, 4)), np.ones((1, 4)), np.eye(4)], ids=["equal", "one", "few"]
)
def test_what_cannot_be_divided_is_one_group(points):
    ((rows, p_value),) = cell_groups(points)
    assert rows.tolist() == list(range(len(points)))
    assert np.isnan(p_value)


def test_the_words_of_a_meaning_are_of_its_captions(run, monkeypatch):
    """Two groups of images, one whose captions name attribute 0, one of attribute 1."""
    captioned = np.flatnonzero(run.images["n_captions"].to_numpy() > 0)
    first = run.counts[:, [0]].toarray().ravel() > 0
    xs = np.concatenate([captioned[first[captioned]][:6], captioned[~first[captioned]][:6]])

    def cells(run, f, xs):
        noise = np.random.default_rng(0).normal(size=(len(xs), 6))
        return noise + 30 * np.outer(first[xs], np.eye(6)[0])

    monkeypatch.setattr(module, "peak_cells", cells)
    p = np.full((run.sizes["F"], run.sizes["T"]), 0.5 / 14)
    p[:, [0, 1]] = 0.25
    top_images = np.tile(xs, (run.sizes["F"], 1))
    other = run.changed({f"p_t_given_f/{run.default_estimator}": p, "top_images": top_images})
    meanings = filter_meanings(other, 0)
    assert [(m.ts[0], m.apart_ts[0], len(m.xs)) for m in meanings] == [(0, 0, 6), (1, 1, 6)]


def test_a_peak_is_described_by_the_other_filters(run):
    x, f = int(run.array("top_images")[0, 0]), 0
    (cell,) = peak_cells(run, f, np.array([x]))
    maps = np.asarray(run.maps(x), float).reshape(run.sizes["F"], -1)
    expected = maps[:, maps[f].argmax()]
    expected[f] = 0
    np.testing.assert_allclose(cell, expected / np.linalg.norm(expected), atol=1e-3)
