from collections import Counter

import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.scores.filters import filter_names
from fieldmarks.core.scores.filters.filter_names import (
    ALL_NAMES,
    at_peak,
    score_names,
    score_place,
    score_verdict,
)
from tests.support.synthetic_run import write_synthetic_run

X, F, T, C, SIDE = 24, 3, 16, 3, 4


@pytest.fixture(scope="module")
def peaked(tmp_path_factory):
    """A run whose filter f is highest in a cell of its own choice in every image."""
    run = write_synthetic_run(tmp_path_factory.mktemp("runs"), X=X, F=F, T=T, C=C, H=SIDE, W=SIDE)
    cells = np.random.default_rng(3).integers(0, SIDE * SIDE, (X, F))
    maps = np.zeros((X, F, SIDE * SIDE), np.float16)
    for x, f in np.ndindex(X, F):
        maps[x, f, cells[x, f]] = 1
    run = run.changed({"maps": maps.reshape(X, F, SIDE, SIDE)})
    centres = run.array("cell_centres").reshape(-1, 2)[cells]
    return run, centres


def test_at_the_peak_is_what_a_painted_world_has_there(peaked):
    run, centres = peaked
    xs = np.arange(0, X, 2)
    rows = [(x, 5, *centres[x, 1], 1.0) for x in xs[:9]]
    rows += [(x, 6, *centres[x, 1], 0.2) for x in xs]  # hidden
    rows += [(x, 7, *(centres[x, 1] + 0.2), 1.0) for x in xs]  # elsewhere
    places = pd.DataFrame(rows, columns=["x", "t", "row", "col", "visible"])
    share = at_peak(run, xs, places).share()
    assert share[1, [5, 6, 7]].tolist() == pytest.approx([9 / 12, 0, 0])


def test_of_keypoints_the_nearest_part_is_at_the_peak_if_it_is_near(peaked, monkeypatch):
    run, centres = peaked
    xs = np.arange(1, X, 2)
    peaks = at_peak(run, xs)
    part_names = run.manifest["part_names"]
    for f in range(F):
        slow = Counter()
        for x in peaks.xs[f]:
            far = np.linalg.norm(run.array("parts")[x] - centres[x, f], axis=1)
            if far.min() <= filter_names.RADIUS:
                slow[part_names[far.argmin()]] += 1
        share = dict(zip(peaks.things, peaks.share()[f], strict=True))
        for part in ("beak", "belly", "crown", "tail"):
            assert share[part] == pytest.approx(slow[part] / len(xs))
        assert share["head"] == pytest.approx(
            sum(slow[name] for name in run.part_keypoints["head"]) / len(xs)
        )


def planted(share: np.ndarray) -> filter_names.AtPeak:
    """Twenty images per filter, of which the given shares have each thing at the peak."""
    n = 20
    hits = np.arange(n)[:, None] < np.round(share * n)[:, None]
    xs = np.tile(np.arange(n), (len(share), 1))
    things = [str(i) for i in range(share.shape[1])]
    return filter_names.AtPeak(xs, np.ones(xs.shape, bool), hits, np.arange(len(things)), things)


SHARE = np.array([[0.8, 0.1, 0], [0.7, 0.2, 0], [0, 0.5, 0], [0.1, 0, 0.3]])
VERDICT = np.array(["named", "named", "named", "unnamed"])


def test_the_verdict_is_right_where_the_name_lies_at_most_peaks():
    rows = score_verdict(planted(SHARE), np.array([0, 1, 1, -1]), VERDICT)
    assert rows["verdict 'named'"]["precision"].value == pytest.approx(100 / 3)
    assert rows["verdict 'named'"]["recall"].value == pytest.approx(50)  # of two that could be


def test_half_of_the_peaks_are_not_most_of_them():
    places = score_place(planted(SHARE), np.array([0, 0, 1, -1]), SHARE[None])
    assert places["true of most peaks"].value == 2
    assert places["could be"].value == 2


def test_names_stand_between_exchanged_ones_and_the_ceiling():
    names = np.array([0, 1, 1, -1])
    places = score_place(planted(SHARE), names, SHARE[None])
    pairs = [SHARE[f, names[g]] for f in range(3) for g in range(3)]
    named, exchanged = np.mean([0.8, 0.2, 0.5]), np.mean(pairs)
    ceiling = np.mean([0.8, 0.7, 0.5, 0.3])
    assert places["at the peak"].value == pytest.approx(100 * named)
    assert places["permuted names"].value == pytest.approx(100 * exchanged)
    assert places["upper bound"].value == pytest.approx(100 * ceiling)
    assert places["share of the possible gain"].value == pytest.approx(
        (named - exchanged) / (ceiling - exchanged)
    )


def test_the_mean_over_exchanged_names_is_that_of_all_pairs_of_filter_and_name():
    rng = np.random.default_rng(0)
    share, things = rng.random((7, 4)).astype(np.float32), rng.integers(0, 4, 50)
    share[2] = np.nan  # none of its images is scored
    mean = filter_names._mean_of_others(share, things)
    assert mean == pytest.approx(np.nanmean(share[:, things]), rel=1e-6)
    assert np.isnan(filter_names._mean_of_others(np.full((3, 4), np.nan), things))


def test_filters_without_a_name_are_scored_as_such():
    none = np.full(4, -1)
    assert np.isnan(score_place(planted(SHARE), none, SHARE[None])["at the peak"].value)
    assert score_verdict(planted(SHARE), none, VERDICT)["any name"]["recall"].value == 0


def test_where_neither_places_nor_keypoints_are_known_nothing_is_said(peaked, monkeypatch):
    run, _ = peaked
    monkeypatch.setitem(run.manifest, "part_names", [])
    assert score_names(run, np.arange(X)) is None


def test_the_score_of_a_run_has_a_row_for_each_estimator_and_a_mean_over_parts(peaked):
    run, _ = peaked
    names, verdict = score_names(run, np.arange(0, X, 2))
    assert names.truth == "parts"
    rows = {row.name for row in names.rows}
    assert {ALL_NAMES, *(f"most probable, {e}" for e in run.estimators)} <= rows
    assert "mean over parts" in names.by_part
    assert "any name" in {row.name for row in verdict.rows}
