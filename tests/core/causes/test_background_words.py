import numpy as np
import pytest

from fieldmarks.core.causes.background_groups import group_colour
from fieldmarks.core.causes.background_words import background_of, named_background
from fieldmarks.core.causes.diagnosis import diagnose
from tests.support.faulty_run import MISLED, write_faulty_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a run with diagnoses, in which three birds stand in the place of another class."""
    run = write_faulty_run(tmp_path_factory.mktemp("runs"))
    return run.changed(tables={"diagnoses": diagnose(run)})


def test_misled_birds_have_the_background_of_the_other_class(run):
    group = run.table("diagnoses")["background"].to_numpy()
    assert (group[run.images["is_train"]] == -1).all()
    cued = run.is_test & (run.images["true_c"] == 0).to_numpy()
    most = np.bincount(group[cued]).argmax()
    assert (group[list(MISLED)] == most).all()


def test_a_background_that_nothing_names_is_shown_by_images_of_the_predicted_class(run):
    known = background_of(run, MISLED[0])
    assert known.ts == []
    assert (run.images["true_c"].iloc[known.shown] == 0).all()
    g = int(run.table("diagnoses")["background"][MISLED[0]])
    assert named_background(run, g, known.ts) == f"{group_colour(run, g)} background"
    assert named_background(run, -1, known.ts) == "background"


def test_a_background_is_named_by_its_first_two_words(run):
    first, second = run.attributes["phrase"].iloc[:2]
    assert named_background(run, 0, [0, 1, 2]) == f"background of {first} and {second}"


def test_nothing_is_said_of_the_background_of_a_training_image(run):
    assert background_of(run, 0) is None
