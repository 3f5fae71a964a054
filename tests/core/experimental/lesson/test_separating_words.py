"""Lessons: words that separate two classes, by the network and by captions together."""

import numpy as np
import pytest
from scipy import stats

from fieldmarks.core.experimental.lesson.separating_words import (
    MAX_Q,
    MIN_SHARE,
    N_PICTURES,
    captioned_images,
    logit_rise,
    most_confused_pair,
    separating_words,
)
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.confusion import confusion_matrix
from tests.support.counts import count_arrays


@pytest.fixture
def planted(faulty) -> Run:
    """The faulty run, in which half of the captions of an image name what it shows."""
    return faulty.changed(count_arrays(faulty.counts * 5))


def test_the_parts_of_all_words_sum_to_the_rise_of_the_logit_difference(faulty):
    logits, true_c = np.asarray(faulty.array("logits"), float), faulty.images["true_c"].to_numpy()
    use = ~faulty.is_test & faulty.is_readable
    difference = logits[:, 0] - logits[:, 1]
    lead = [difference[use & (true_c == c)].mean() for c in (0, 1)]
    for_a, for_b = logit_rise(faulty, 0, 1)
    assert (for_a + for_b).sum() == pytest.approx(lead[0] - lead[1], rel=1e-4)


def test_the_part_of_a_word_is_that_of_a_slow_loop(run):
    use, true_c = ~run.is_test & run.is_readable, run.images["true_c"].to_numpy()
    pooled, weights = run.array("pooled"), run.array("class_weights")
    p_t_given_f = run.array("p_t_given_f")
    expected = np.zeros((2, run.sizes["T"]))
    for f in range(run.sizes["F"]):
        mean = [pooled[use & (true_c == c), f].mean() for c in (2, 4)]
        difference = float(weights[2, f]) - float(weights[4, f])
        side = 0 if difference > 0 else 1
        expected[side] += (mean[0] - mean[1]) * difference * p_t_given_f[f]
    np.testing.assert_allclose(logit_rise(run, 2, 4), expected, atol=1e-5)


def test_swapping_the_classes_swaps_the_parts(run):
    for_a, for_b = logit_rise(run, 0, 2)
    np.testing.assert_allclose(logit_rise(run, 2, 0), (for_b, for_a))


def test_planted_words_separate_the_planted_classes(planted):
    words = separating_words(planted, 0, 1)
    assert {word.t for word in words if word.c == 0} <= {0, 1}
    assert {word.t for word in words if word.c == 1} <= {2, 3}
    assert [word.c for word in words] == [0, 1], "a noun occurs once per class"


def test_a_word_is_kept_only_where_captions_agree_beyond_chance(planted):
    for word in separating_words(planted, 1, 2):
        (named, other), (n, n_other) = word.n_named, word.n_images
        assert named / n > other / n_other
        table = [[named, n - named], [other, n_other - other]]
        assert stats.fisher_exact(table, alternative="greater").pvalue < MAX_Q
        xs = captioned_images(planted, word.c)
        share = planted.counts[xs].toarray()[:, word.t] / 10
        assert (share >= MIN_SHARE).sum() == named
        assert word.logit_part > 0


def test_pictures_are_training_images_of_the_two_classes_with_and_without_the_word(planted):
    true_c, counts = planted.images["true_c"].to_numpy(), planted.counts.toarray()
    for word in separating_words(planted, 0, 2):
        shown = np.array([*word.with_word, *word.without])
        assert not planted.is_test[shown].any()
        assert len(word.with_word) == len(word.without) == N_PICTURES
        assert (true_c[word.with_word] == word.c).all()
        assert (true_c[word.without] == word.other).all()
        assert (counts[word.with_word, word.t] > 0).all()
        assert (counts[word.without, word.t] == 0).all()


def test_classes_without_captions_have_no_words(run):
    # odd classes of the made-up run have no captions
    assert not len(captioned_images(run, 1))
    assert separating_words(run, 0, 1) == []


def test_a_lesson_needs_two_classes(run):
    with pytest.raises(ValueError, match="expected two classes, got class 3 twice"):
        separating_words(run, 3, 3)


def test_the_most_confused_pair_is_captioned_and_has_most_confusions(run):
    counts = confusion_matrix(run)
    captioned = [c for c in range(len(counts)) if len(captioned_images(run, c))]
    a, b = most_confused_pair(run)
    most = max(counts[i, j] + counts[j, i] for i in captioned for j in captioned if i < j)
    assert counts[a, b] + counts[b, a] == most
    assert a < b
