"""Missing features: attributes that captions name for one class and not the other."""

import pytest

from fieldmarks.core.causes.missing_feature import ClassSeparation, DiscriminativeAttribute
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
