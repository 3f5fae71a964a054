"""A run with some arrays and tables in memory."""

import numpy as np

from fieldmarks.core.run.replaced import replaced


def test_what_is_replaced_is_read_in_place_of_what_is_on_disk(run):
    logits = np.zeros_like(run.array("logits"))
    images = run.images.assign(predicted_c=np.int32(0))
    other = replaced(run, {"logits": logits}, {"images": images})
    assert (other.array("logits") == 0).all()
    assert (other.images["predicted_c"] == 0).all()
    assert other.array("pooled") is run.array("pooled")
    assert not (run.array("logits") == 0).all()


def test_a_head_and_counts_are_those_of_the_new_arrays(run):
    assert (run.head.weights != 0).any()
    assert run.counts.nnz
    weights = np.zeros_like(run.array("class_weights"))
    other = replaced(run, {"class_weights": weights}, {})
    assert (other.head.weights == 0).all()
    assert (run.head.weights != 0).any()


def test_two_replacements_are_told_apart(run):
    stamps = {
        replaced(run, {"logits": np.full_like(run.array("logits"), value)}, {}).stamp
        for value in (0, 1)
    }
    assert len(stamps | {run.stamp}) == 3
