"""Attribute frequencies of classes, and attributes as sentences have them."""

import numpy as np
import pytest

from fieldmarks.core.causes.class_attributes import attribute_phrase, class_image_frequency
from fieldmarks.core.run.run import Run
from tests.support.synthetic_run import write_synthetic_run


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
    silent = Run(run.folder)
    silent.images.loc[silent.images["true_c"] == 1, "n_captions"] = 0
    frequency = class_image_frequency(silent)
    assert (frequency[1] == 0).all()
    np.testing.assert_array_equal(frequency[2], class_image_frequency(run)[2])


def test_an_attribute_is_written_as_in_a_sentence(tmp_path):
    run = write_synthetic_run(tmp_path, T=32)
    phrase = {row["phrase"]: attribute_phrase(run, t) for t, row in run.attributes.iterrows()}
    assert phrase["yellow head"] == "yellow head"
    assert phrase["yellow wing"] == "yellow wings"
