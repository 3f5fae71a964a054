"""The cause of a failure as its page says it first."""

import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.causes import cause as module
from fieldmarks.core.causes.background_groups import USUAL, group_colour
from fieldmarks.core.causes.cause import POSSIBLE, cause_of, missing_background, usual_backgrounds
from fieldmarks.core.causes.finding import Pattern
from tests.support.faulty_run import BAD_PICTURES, MISLED


def diagnosed(run, x: int, **columns):
    """Return the run with other values in the diagnosis of image x."""
    table = run.table("diagnoses").copy()
    for name, value in columns.items():
        table.loc[x, name] = value
    return run.changed(tables={"diagnoses": table})


@pytest.fixture
def misled(faulty):
    """A run in which class 1 lives on background 0, class 0 and the misled images on 1."""
    group = np.where(faulty.images["true_c"] == 1, 0, 1).astype(np.int32)
    group[list(MISLED)] = 1
    group[faulty.images["is_train"]] = -1
    table = faulty.table("diagnoses").assign(background=group)
    return faulty.changed(tables={"diagnoses": table})


def test_a_wrong_label_is_named_with_the_class_it_may_be(faulty):
    x = int(faulty.failures[0])
    run = diagnosed(faulty, x, pattern="wrong label", wrong_label=0.9, suggested_c=2)
    found = cause_of(run, x)
    assert found is not None
    assert found.title == f"wrong label, it may be {run.classes['name'].iloc[2]}"
    assert found.score == pytest.approx(0.9)


def test_bad_quality_is_named_by_the_worst_measure(faulty):
    for x, words in BAD_PICTURES.items():
        found = cause_of(diagnosed(faulty, x, pattern="image quality", image_quality=0.9), x)
        assert found is not None
        assert found.title == f"image quality, {words}"


def test_other_causes_are_named_from_a_score_on_and_by_their_score(faulty):
    x = MISLED[0]
    scores = {"image_quality": 0.3, "wrong_label": 0.45, "missing_feature": POSSIBLE - 0.01}
    run = diagnosed(faulty, x, pattern="spurious cue", spurious_cue=0.8, suggested_c=0, **scores)
    found = cause_of(run, x)
    assert found is not None
    assert [round(score, 2) for score, _ in found.others] == [0.45, 0.3]
    assert found.others[0][1].startswith("wrong label, it may be ")


def test_without_a_clear_cause_the_possible_ones_are_named(faulty):
    x = MISLED[0]
    run = diagnosed(faulty, x, pattern="undecided", spurious_cue=0.4, wrong_label=0.1)
    found = cause_of(run, x)
    assert found is not None
    assert found.pattern is Pattern.UNDECIDED
    assert found.others[0][1].startswith("spurious cue")


def test_a_right_image_has_no_cause_and_neither_has_a_run_without_diagnoses(faulty, run):
    right = int(np.flatnonzero(faulty.table("diagnoses")["pattern"] == "")[0])
    assert cause_of(faulty, right) is None
    assert cause_of(run, 0) is None


def test_a_background_of_the_predicted_class_misleads_and_none_is_missing(misled):
    x = MISLED[0]
    assert usual_backgrounds(misled)[:2] == [1, 0]
    assert missing_background(misled, x) is None
    found = cause_of(diagnosed(misled, x, pattern="spurious cue", spurious_cue=0.9), x)
    assert found is not None
    assert found.title == f"spurious cue, its {group_colour(misled, 1)} background"
    assert "like it" in found.shown_as


def test_the_usual_background_of_the_class_is_shown_where_it_is_missing(misled):
    x = MISLED[0]
    table: pd.DataFrame = misled.table("diagnoses").copy()
    table.loc[x, "background"] = 2
    run = misled.changed(tables={"diagnoses": table})
    assert missing_background(run, x) == 0
    found = cause_of(diagnosed(run, x, pattern="spurious cue", spurious_cue=0.9), x)
    assert found is not None
    name = run.classes["name"].iloc[1]
    assert found.title.startswith("spurious cue, it lacks ")
    assert found.title.endswith(f"usual {group_colour(run, 0)} background")
    assert name in found.title
    assert len(found.shown)
    assert (run.images["true_c"].iloc[found.shown] == 1).all()
    assert (table["background"].iloc[found.shown] == 0).all()


def test_a_class_without_right_images_enough_has_no_usual_background(misled, monkeypatch):
    monkeypatch.setattr(module, "_MIN_IMAGES", 1000)
    assert set(usual_backgrounds(misled.changed())) == {-1}


def test_a_background_of_few_images_of_a_class_is_not_its_usual_one(misled):
    table: pd.DataFrame = misled.table("diagnoses").copy()
    own = np.flatnonzero((misled.images["true_c"] == 1) & (table["background"] == 0))
    table.loc[own[len(own) // 3 :], "background"] = USUAL  # most look like other classes' images
    assert usual_backgrounds(misled)[1] == 0
    assert usual_backgrounds(misled.changed(tables={"diagnoses": table}))[1] == -1
