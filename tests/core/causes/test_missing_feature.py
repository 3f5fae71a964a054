"""Missing features: attributes that captions name for one class and not the other."""

import numpy as np
import pytest

from fieldmarks.core.causes.missing_feature import (
    ClassSeparation,
    DiscriminativeAttribute,
    find_missing_feature,
)
from tests.support.hidden_words import with_hidden


def test_discriminative_attributes_are_what_captions_name_for_one_class_and_not_the_other(faulty):
    marks = ClassSeparation(faulty).attributes(0, 0, 1)
    counts, labels = faulty.counts.toarray() > 0, faulty.images["true_c"].to_numpy()
    is_train = faulty.images["is_train"].to_numpy()
    for mark in marks:
        for usual, c in ((mark.frequency_true, 0), (mark.frequency_predicted, 1)):
            assert usual == pytest.approx(counts[is_train & (labels == c), mark.t].mean())
    gaps = [abs(m.frequency_true - m.frequency_predicted) for m in marks]
    assert gaps == sorted(gaps, reverse=True)


@pytest.mark.parametrize(
    ("mark", "state"),
    [
        (DiscriminativeAttribute(0, 0.9, 0.1, 0.9, 1.0), "seen"),
        (DiscriminativeAttribute(0, 0.9, 0.1, 0.1, 1.0), "not seen"),
        (DiscriminativeAttribute(0, 0.1, 0.9, 0.9, 1.0), "seen"),
        (DiscriminativeAttribute(0, 0.1, 0.9, 0.1, 1.0), "not seen"),
        (DiscriminativeAttribute(0, 0.1, 0.9, 0.1, -1.0), "not seen"),
        (DiscriminativeAttribute(0, 0.3, 0.0, 0.2, 1.0, usual=0.15), "weakly seen"),
        (DiscriminativeAttribute(0, 1.0, 0.4, 0.6, 1.0, usual=0.7), "seen"),
        (
            DiscriminativeAttribute(0, 0.9, 0.1, 0.9, -1.0),
            "seen, but counted for the wrong class",
        ),
    ],
)
def test_the_use_of_a_discriminative_attribute_is_put_into_words(mark, state):
    assert mark.state == state


def test_what_is_rightly_not_seen_is_not_missing():
    assert not DiscriminativeAttribute(0, 0.1, 0.9, 0.1, -1.0).is_missing
    assert DiscriminativeAttribute(0, 0.1, 0.9, 0.9, 1.0).is_missing
    assert DiscriminativeAttribute(0, 0.9, 0.1, 0.1, 1.0).is_missing
    assert DiscriminativeAttribute(0, 0.9, 0.1, 0.9, -1.0).is_missing
    assert not DiscriminativeAttribute(0, 0.9, 0.1, 0.9, 1.0).is_missing


def test_words_of_a_column_that_is_not_visible_separate_no_classes(seen):
    true, predicted = 0, 1
    before = [each.t for each in ClassSeparation(seen).attributes(0, true, predicted)]
    hidden = before[:2]
    run = with_hidden(seen, hidden)
    after = [each.t for each in ClassSeparation(run).attributes(0, true, predicted)]
    assert after[: len(before) - 2] == before[2:]
    assert not set(after) & set(hidden)


def test_shares_of_many_images_are_those_of_their_attributes(faulty):
    separation, xs = ClassSeparation(faulty), np.arange(20)
    shares = separation.missing_shares(xs, 0, 1)
    for x, share in zip(xs, shares, strict=True):
        marks = separation.attributes(int(x), 0, 1)
        gaps = [abs(m.frequency_true - m.frequency_predicted) for m in marks]
        lacked = sum(gap for gap, m in zip(gaps, marks, strict=True) if m.is_missing)
        assert share == pytest.approx(lacked / sum(gaps))


@pytest.mark.parametrize(("usual", "is_cause"), [(0.0, True), (0.2, False)])
def test_what_right_images_of_a_class_hardly_ever_lack_is_a_cause_among_few_classes(
    faulty, monkeypatch, usual, is_cause
):
    x = int(faulty.failures[0])

    def shares(self, xs, true, predicted):
        return np.where(np.asarray(xs) == x, 0.2, usual)

    monkeypatch.setattr(ClassSeparation, "missing_shares", shares)
    monkeypatch.setattr(ClassSeparation, "similarity", lambda self, true, predicted: 0.5)
    images = faulty.images
    true_c = images["true_c"].to_numpy().copy()
    predicted_c = images["predicted_c"].to_numpy().copy()
    true_c[faulty.is_test], predicted_c[faulty.is_test] = 0, 0
    predicted_c[x] = 1
    run = faulty.changed(
        {}, {"images": images.assign(true_c=true_c, predicted_c=predicted_c)}, stamp=7
    )
    finding = find_missing_feature(run, np.array([x]))
    assert (finding.score[x] >= 0.5) == is_cause
    assert ("right images of" in finding.reason(x)) == is_cause


@pytest.mark.parametrize(("contribution", "is_missed"), [(1.0, False), (-1.0, True)])
def test_where_all_that_separates_two_classes_is_used_their_likeness_is_the_reason(
    faulty, monkeypatch, contribution, is_missed
):
    x = int(faulty.failures[0])
    mark = DiscriminativeAttribute(0, 0.9, 0.1, 0.9, contribution)
    monkeypatch.setattr(ClassSeparation, "attributes", lambda self, *_: [mark])
    reason = find_missing_feature(faulty, np.array([x])).reason(x)
    assert ("None of them is missed" in reason) != is_missed
