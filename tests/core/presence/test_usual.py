"""Attribute frequencies of classes."""

import numpy as np
import pytest

from fieldmarks.core.presence.usual import class_image_frequency


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
