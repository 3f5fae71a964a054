"""Grounding scores: peaks, keypoints and hits, the same on the score board and on its page."""

import numpy as np
import pytest

from fieldmarks.core.explanations.grounding import upsample, weighted_map
from fieldmarks.core.scores import pck
from tests.support.pages import component_data, visit


@pytest.fixture(autouse=True)
def runs(run, monkeypatch):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(run.folder.parent))


@pytest.fixture
def pairs(run) -> pck.Pairs:
    return pck.grounded_pairs(run, np.flatnonzero(~run.images["is_train"]))


def test_a_peak_is_the_highest_of_all_points_of_the_grid(run, pairs):
    evidence = run.array("evidence")
    points = pck.peaks(run, pairs, {"default": evidence})["default"]
    for i in range(0, len(pairs.xs), 7):
        cells = weighted_map(run.maps(pairs.xs[i]), evidence[:, pairs.ts[i]])
        heat = upsample(cells, run.array("cell_centres"), pck.GRID)
        row, col = np.floor(points[i] * pck.GRID).astype(int)
        assert heat[row, col] == pytest.approx(heat.max(), rel=1e-5)


def test_a_pair_has_the_keypoints_of_its_part(run, pairs):
    names = run.manifest["part_names"]
    assert len(pairs.xs)
    for x, t, keypoints in zip(pairs.xs, pairs.ts, pairs.keypoints, strict=True):
        wanted = [
            run.array("parts")[x, names.index(name)].tolist()
            for name in run.part_keypoints[run.attributes["part"].iloc[t]]
            if name in names
        ]
        assert run.counts[[x]][:, [t]].sum() > 0
        np.testing.assert_array_equal(keypoints[: len(wanted)], wanted)
        assert np.isnan(keypoints[len(wanted) :]).all()


def test_the_distance_is_to_the_nearest_visible_keypoint():
    rng = np.random.default_rng(0)
    points, keypoints = rng.uniform(size=(20, 2)), rng.uniform(size=(20, 3, 2))
    keypoints[rng.uniform(size=(20, 3)) < 0.5] = np.nan
    far = pck.distance(points, keypoints)
    for i in range(20):
        each = [np.hypot(*(points[i] - k)) for k in keypoints[i] if np.isfinite(k[0])]
        assert far[i] == pytest.approx(min(each, default=np.inf))


@pytest.mark.slow
def test_the_page_shows_the_place_and_the_hit_that_the_score_board_counts(run, pairs):
    scored = pck.peaks(run, pairs, {name: run.array("evidence", name) for name in run.estimators})
    n_shown = 0
    for estimator in run.estimators:
        for x in np.unique(pairs.xs)[:4]:
            of_image = np.flatnonzero(pairs.xs == x)[:8]
            phrases = run.attributes["phrase"].iloc[pairs.ts[of_image]]
            link = f"grounding?x={x}&t={','.join(phrases)}&estimator={estimator}"
            (pictures,) = component_data(visit(link), "grounding.pictures")
            points = scored[estimator][of_image]
            distances = pck.distance(points, pairs.keypoints[of_image])
            for i, item in enumerate(pictures["items"]):
                peak = next(mark for mark in item["marks"] if mark["kind"] == "peak")
                assert (peak["row"], peak["col"]) == pytest.approx(points[i])
                radius = next((r for r in pck.RADII if distances[i] <= r), None)
                wanted = "miss" if radius is None else f"hit at PCK@{radius}"
                assert item["lines"][-1]["text"].startswith(f"{wanted}, ")
                n_shown += 1
    assert n_shown >= 10
