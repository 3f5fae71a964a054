"""Image quality: the planted bad pictures are outliers, others are not."""

import numpy as np
import pytest

from fieldmarks.core.causes import image_quality
from fieldmarks.core.causes.finding import DECIDED
from fieldmarks.core.causes.image_quality import excess, find_image_quality
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


def test_a_tint_towards_grey_is_an_outlier_of_tinted_training_images():
    rng = np.random.default_rng(0)
    warm = 0.3 * rng.random(100)
    light = np.stack([warm, -warm], axis=1) + rng.normal(0, 0.01, (100, 2))
    light[0] = [0.15, 0.15]  # nearer to grey than most, and unlike all
    is_train = np.arange(100) > 0
    units = excess(light, np.zeros(100, int), is_train, 1)
    assert units[0] > 5
    assert units.argmax() == 0
    assert np.median(units[is_train]) == pytest.approx(0)
    assert np.percentile(units[is_train], 95) <= 1 + 1e-9
    stretched = light * [3, 2]  # the unit of a coordinate does not matter
    np.testing.assert_allclose(excess(stretched, np.zeros(100, int), is_train, 1), units, rtol=1e-4)


def test_a_constant_measure_accuses_nobody():
    same = np.full(20, 0.3)
    for values in (same, np.stack([same, same], axis=1)):
        assert (excess(values, np.zeros(20, int), np.ones(20, bool), 1) == 0).all()


def test_hidden_objects_lower_the_quality_only_where_keypoints_are_used(faulty):
    parts = np.array(faulty.array("parts"))
    parts[1] = np.nan
    hidden = faulty.changed({"parts": parts})
    plain, told = (find_image_quality(hidden, with_keypoints=k) for k in (False, True))
    assert plain.score[1] < DECIDED < told.score[1]
    assert "by its keypoints" in told.reason(1)


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [(1.0, 1, "all"), (0.99999, 1, "99.9% of"), (0.9999, 0, "99% of"), (0.5, 1, "50.0% of")],
)
def test_what_is_not_all_is_not_rounded_up_to_it(share, digits, text):
    assert image_quality._share(share, digits) == text
