"""Image quality: the planted bad pictures are outliers, others are not."""

import numpy as np
import pytest

from fieldmarks.core.causes.finding import DECIDED
from fieldmarks.core.causes.image_quality import excess, excess_of_class, find_image_quality
from tests.support.faulty_run import BAD_PICTURES


@pytest.fixture(scope="module")
def diagnoses(faulty):
    return faulty.table("diagnoses")


def test_the_planted_bad_pictures_have_the_highest_quality_scores(diagnoses):
    worst = np.argsort(-diagnoses["image_quality"].to_numpy())[: len(BAD_PICTURES)]
    assert set(worst) == set(BAD_PICTURES)
    assert (diagnoses["image_quality"].iloc[worst] >= DECIDED).all()


def test_the_evidence_of_a_bad_picture_names_what_is_bad(faulty):
    finding = find_image_quality(faulty)
    for x, words in BAD_PICTURES.items():
        assert words in finding.reason(x)
    fine = next(x for x in range(10) if x not in BAD_PICTURES and finding.score[x] < 0.1)
    assert "as usual" in finding.reason(fine)


def test_excess_is_one_at_the_95th_percentile_and_zero_at_the_median():
    values = np.arange(101.0)
    one_class, is_train = np.zeros(101, int), np.ones(101, bool)
    units = excess(values, one_class, is_train, +1)
    assert units[50] == pytest.approx(0)
    assert units[95] == pytest.approx(1)
    np.testing.assert_allclose(excess(values, one_class, is_train, -1), -units)


def test_a_class_that_is_always_dark_is_not_a_bad_picture():
    values = np.concatenate([np.linspace(0.4, 0.6, 90), np.linspace(0.1, 0.12, 10)])
    classes = np.repeat([0, 1], [90, 10])
    units = excess(values, classes, np.ones(100, bool), -1)
    assert units[90:].max() < 0.5


def test_a_plain_area_that_some_images_of_a_class_have_is_no_outlier_of_it():
    rng = np.random.default_rng(0)
    classes, is_train = np.repeat([0, 1], 60), np.ones(120, bool)
    values = rng.uniform(0, 0.02, 120)
    values[60:65] = rng.uniform(0.2, 0.3, 5)  # some of class 1 stand in snow
    values[0] = 0.25  # one of class 0, taken for class 1
    assert excess(values, classes, is_train, 1)[0] > 2
    of = (classes, 1 - classes)
    own, other = (excess_of_class(values, cs, classes, is_train, 1) for cs in of)
    assert own[0] > 2
    assert other[0] < 1.1
    tail = np.percentile(values[60:], [50, 95])
    np.testing.assert_allclose(own[60:], (values[60:] - tail[0]) / (tail[1] - tail[0]))
    assert np.isinf(excess_of_class(values, np.full(120, 2), classes, is_train, 1)).all()


def test_a_constant_measure_accuses_nobody():
    same = np.full(20, 0.3)
    assert (excess(same, np.zeros(20, int), np.ones(20, bool), 1) == 0).all()


def test_hidden_objects_lower_the_quality_only_where_keypoints_are_used(faulty):
    parts = np.array(faulty.array("parts"))
    parts[1] = np.nan
    hidden = faulty.changed({"parts": parts})
    plain, told = (find_image_quality(hidden, with_keypoints=k) for k in (False, True))
    assert plain.score[1] < DECIDED < told.score[1]
    assert "by its keypoints" in told.reason(1)
