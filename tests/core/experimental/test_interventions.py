import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.experimental.interventions import (
    read_changes,
    score_changes,
    score_interventions,
)
from fieldmarks.precompute.demo_world.cub_writer import take
from fieldmarks.precompute.demo_world.painting.change import MOVED, RECOLOURED, REMOVED, MarkChange
from fieldmarks.precompute.demo_world.painting.painter import Difficulty
from fieldmarks.precompute.demo_world.planting.faults import Shot
from tests.support.synthetic_run import write_synthetic_run

SHOT = Shot(species=0, label=0, index=3, is_train=False, background="snow")
T_GONE, T_OTHER = 5, 6


def painted(change=None):
    picture, image = take(0, 160, Difficulty(variants=0), SHOT, change)
    return picture, np.asarray(image, int)


@pytest.mark.parametrize(
    "change",
    [
        MarkChange(RECOLOURED, "crown", "black", "yellow"),
        MarkChange(REMOVED, "wingbar", "white"),
        MarkChange(MOVED, "belly", "white", "back"),
    ],
    ids=lambda change: change.kind,
)
def test_nothing_but_the_mark_changes(change):
    before, after = painted(), painted(change)
    assert after[0].bbox == before[0].bbox
    assert after[0].places == before[0].places
    differs = np.abs(after[1] - before[1]).max(axis=2) > 12
    assert 0 < differs.mean() < 0.15
    if change.kind == RECOLOURED:
        col, row, _ = before[0].places[change.part]
        far = np.hypot(*(np.argwhere(differs) - (row, col)).T)
        assert far.max() < 0.3 * max(before[0].bbox[2:])


def test_a_moved_mark_is_worn_where_the_other_was():
    before, after = painted()[0], painted(MarkChange(MOVED, "belly", "white", "back"))[0]
    assert after.individual.colours["belly"] == before.individual.colours["back"]
    assert after.individual.colours["back"] == "white"


@pytest.fixture
def world(tmp_path):
    """A run whose filter f names attribute f, and two changes of every test image.

    The first removes attribute 5: filter 5 falls silent, the network loses what it gave. The second
    removes attribute 6 in the same way.
    """
    run = write_synthetic_run(tmp_path, X=80, F=12, T=12, H=4, W=4)
    identity = np.eye(12, dtype=np.float32)
    names = [f"{kind}/{e}" for e in run.estimators for kind in ("p_t_given_f", "evidence")]
    weights = np.abs(run.array("class_weights"))
    run = run.changed({"class_weights": weights, **dict.fromkeys(names, identity)})
    rows = []
    for x in np.flatnonzero(~run.images["is_train"].to_numpy()):
        for t in (T_GONE, T_OTHER):
            maps = np.array(run.maps(x))
            at = np.unravel_index(maps[t].argmax(), (4, 4))
            place = (np.array(at) + 0.5) / 4
            maps[t] = 0
            pooled = np.array(run.array("pooled")[x])
            pooled[t] = 0
            change = pooled - run.array("pooled")[x]
            logits = run.array("logits")[x] + run.array("class_weights") @ change
            spots = dict(zip(("row", "col", "row_new", "col_new"), [*place, *place], strict=True))
            rows.append({"x": x, "t": t, "t_new": -1, **spots, "pooled": pooled, "logits": logits})
            rows[-1]["maps"] = maps.astype(np.float16).tobytes()
    return run, pd.DataFrame(rows)


def test_a_true_explanation_claims_what_the_network_does(world):
    run, table = world
    rows = score_changes(run, read_changes(run, table))
    assert rows["ridge"]["logit"].value == pytest.approx(1, abs=1e-3)
    assert rows["another mark"]["logit"].value < 0.5
    assert rows["permuted distributions"]["logit"].value < 0.5


def test_the_word_that_is_gone_falls_most(world):
    run, table = world
    rows = score_changes(run, read_changes(run, table))
    assert rows["ridge"]["word that is gone"].value == pytest.approx(1)
    assert rows["another mark"]["word that is gone"].value < 1


def test_the_heat_of_the_word_leaves_with_its_mark(world):
    run, table = world
    rows = score_changes(run, read_changes(run, table))
    heat = rows["ridge"]
    assert heat["peak before"].value > 95  # between cells of a 4 x 4 map a spline may stand higher
    assert heat["peak after"].value < 50
    assert heat["peak after another change"].value > 95
    assert heat["heat falls more"].value == 100


def test_an_image_that_was_changed_once_has_no_control_and_is_left_out(world):
    run, table = world
    assert read_changes(run, table.iloc[::2]) is None
    assert len(read_changes(run, table.iloc[1:]).x) == len(table) - 2


def test_without_changes_nothing_is_scored(world):
    run, table = world
    assert score_interventions(run, np.arange(80), None) is None
    assert score_interventions(run, np.empty(0, int), table) is None
    assert score_interventions(run, np.arange(80), table).counts == {"marks": len(table)}


def test_a_shot_that_is_not_changed_is_painted_as_it_was():
    again = painted()[1]
    assert np.array_equal(painted()[1], again)
    assert not np.array_equal(painted(MarkChange(REMOVED, "wingbar", "white"))[1], again)
