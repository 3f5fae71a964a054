"""Attribute frequencies of classes."""

import numpy as np
import pytest

from fieldmarks.core.presence.usual import (
    MIN_EXPECTED,
    RARE,
    class_image_frequency,
    rare_in_class,
)
from tests.support.counts import count_arrays


def test_the_frequency_agrees_with_a_slow_loop_over_training_images(run):
    frequency, counts = class_image_frequency(run), run.counts.toarray()
    for c in range(run.sizes["C"]):
        xs = [
            x
            for x, row in run.images.iterrows()
            if row["is_train"] and row["n_captions"] > 0 and row["true_c"] == c
        ]
        for t in range(run.sizes["T"]):
            n_named = sum(counts[x, t] > 0 for x in xs)
            assert frequency[c, t] == pytest.approx(n_named / max(len(xs), 1))


def test_a_class_without_captions_has_no_attribute(run):
    images = run.images.copy()
    images.loc[images["true_c"] == 1, "n_captions"] = 0
    silent = run.changed(tables={"images": images})
    frequency = class_image_frequency(silent)
    assert (frequency[1] == 0).all()
    np.testing.assert_array_equal(frequency[2], class_image_frequency(run)[2])


def test_what_images_of_a_class_hardly_ever_have_is_rare_in_it(seen):
    found, frequency = rare_in_class(seen), class_image_frequency(seen)
    images = seen.images[seen.images["is_train"] & (seen.images["n_captions"] > 0)]
    C, T = found.shape
    for c in range(C):
        n = int((images["true_c"] == c).sum())
        for t in range(T):
            mean = np.mean([frequency[each, t] for each in range(C)])
            is_rare = frequency[c, t] < RARE * mean
            assert found[c, t] == (is_rare and n * mean >= MIN_EXPECTED)


def test_nothing_is_rare_in_a_class_of_few_images_or_without_captions(seen):
    counts = seen.counts.toarray()
    is_first = (seen.images["true_c"] == 0).to_numpy()
    counts[is_first, 0] = 0
    run = seen.changed(count_arrays(counts))
    assert rare_in_class(run)[0, 0]
    images = run.images.copy()
    images.loc[is_first, "n_captions"] = 0
    assert not rare_in_class(run.changed(tables={"images": images}))[0].any()
    train = np.flatnonzero(is_first & images["is_train"])
    images = run.images.copy()
    images.loc[train[2:], "is_train"] = False
    assert not rare_in_class(run.changed(tables={"images": images}))[0].any()
