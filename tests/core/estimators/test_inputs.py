"""What the estimators are given of a run: readable training images that have captions."""

import numpy as np
import pytest

from fieldmarks.core.estimators import inputs as module
from fieldmarks.core.estimators.inputs import held_out_inputs, inputs_of, map_batches
from fieldmarks.core.run.run import Run
from tests.support.counts import count_arrays


def expected_images(run: Run, is_train: bool) -> list[int]:
    return [
        x
        for x, row in run.images.iterrows()
        if row["is_train"] == is_train and row["n_captions"] > 0 and run.is_readable[x]
    ]


@pytest.mark.parametrize(("read", "is_train"), [(inputs_of, True), (held_out_inputs, False)])
def test_inputs_are_the_captioned_images_of_one_split(run, read, is_train):
    xs, inputs = expected_images(run, is_train), read(run)
    assert inputs.shape == (len(xs), run.sizes["F"])
    counts, pooled = run.counts.toarray(), inputs.activations(slice(None))
    for i, x in enumerate(xs):
        np.testing.assert_array_equal(pooled[i], run.array("pooled")[x])
        np.testing.assert_array_equal(inputs.counts.toarray()[i], counts[x])
        assert inputs.n_captions[i] == run.images["n_captions"][x]
        assert inputs.true_c[i] == run.images["true_c"][x]
    rows, maps = zip(*inputs.batches(), strict=True)
    assert np.concatenate(rows).tolist() == list(range(len(xs)))
    stored = run.array("maps")[run.array("map_row")[xs]]
    np.testing.assert_array_equal(np.concatenate(maps), stored)


def test_an_image_that_cannot_be_read_is_left_out(run):
    n_images = inputs_of(run).shape[0]
    images = run.images.copy()
    images.loc[expected_images(run, True)[2], "problem"] = "unreadable: no JPEG"
    assert inputs_of(run.changed(tables={"images": images})).shape[0] == n_images - 1


def test_without_captions_of_test_images_there_is_nothing_held_out(run):
    counts = run.counts.toarray()
    counts[run.is_test] = 0
    assert held_out_inputs(run.changed(count_arrays(counts))) is None


def test_where_one_map_is_not_stored_an_estimator_gets_none(run):
    map_row = np.array(run.array("map_row"))
    map_row[expected_images(run, True)[0]] = -1
    assert inputs_of(run.changed({"map_row": map_row})).maps is None


def test_maps_come_in_batches_of_the_images_that_are_asked_for(monkeypatch):
    monkeypatch.setattr(module, "_MAPS_BLOCK", 2)
    maps, rows = np.arange(12).reshape(6, 2, 1, 1), np.array([5, 0, 3])
    batches = [
        (xs.tolist(), values[:, 0, 0, 0].tolist()) for xs, values in map_batches(maps, rows)()
    ]
    assert batches == [([0, 1], [10, 0]), ([2], [6])]
