"""Failures of a class on one of its backgrounds."""

import numpy as np
import pytest

from fieldmarks.core.causes.background_failures import background_failures
from tests.support.synthetic_run import write_synthetic_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    made = write_synthetic_run(tmp_path_factory.mktemp("run"), X=400, C=4, T=5, F=6)
    images = made.images.assign(is_train=np.arange(400) % 2 == 0)
    images["true_c"] = (np.arange(400) // 2 % 4).astype(np.int32)
    return made.changed(tables={"images": images.assign(predicted_c=images["true_c"])})


def failing(run, xs):
    predicted = run.images["true_c"].to_numpy().copy()
    predicted[xs] = (predicted[xs] + 1) % 4
    return run.changed(tables={"images": run.images.assign(predicted_c=predicted)})


def test_the_excess_share_is_of_failures_that_would_not_happen_elsewhere(run):
    of_class = np.flatnonzero(run.is_test & (run.images["true_c"] == 2))
    group = np.full(400, 1)
    group[of_class[:10]] = 0
    wrong = failing(run, [*of_class[:8], *of_class[10:12]])
    found = background_failures(wrong, group, np.ones(400, bool))
    share = 1 - (2 / (len(of_class) - 10)) / (8 / 10)
    np.testing.assert_allclose(found.share[of_class[:8]], share)
    assert (np.delete(found.share, of_class[:8]) == 0).all()
    assert found.reason(int(of_class[0]), "A") == (
        f" Of 10 images of A on such a background 2 are right, of {len(of_class) - 10} on others "
        f"{len(of_class) - 12}."
    )
    assert found.reason(int(of_class[20]), "A") == ""


def test_failures_of_bad_pictures_say_nothing_of_their_background(run):
    of_class = np.flatnonzero(run.is_test & (run.images["true_c"] == 2))
    group = np.full(400, 1)
    group[of_class[:10]] = 0
    wrong, is_sound = failing(run, of_class[:8]), np.ones(400, bool)
    is_sound[of_class[:8]] = False
    assert (background_failures(wrong, group, is_sound).share == 0).all()


def test_failures_drawn_at_random_have_no_background(run):
    n = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        wrong = failing(run, rng.permutation(np.flatnonzero(run.is_test))[:50])
        group = rng.integers(-2, 5, 400)
        n += background_failures(wrong, group, np.ones(400, bool)).share.any()
    assert n <= 2


def test_nothing_is_said_where_no_background_is_grouped(run):
    wrong = failing(run, np.flatnonzero(run.is_test)[:50])
    assert (background_failures(wrong, np.full(400, -1), np.ones(400, bool)).share == 0).all()
