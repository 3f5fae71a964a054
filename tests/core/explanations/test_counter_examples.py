"""Images that contradict a filter's attribute."""

import numpy as np
import pytest

from fieldmarks.core.explanations.counter_examples import (
    ACTIVE,
    MIN_SHARE,
    SILENT,
    counter_examples,
)
from tests.support.counts import count_arrays
from tests.support.synthetic_run import write_synthetic_run
from tests.support.two_attributes import run_of_two_attributes


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run in which four in ten captioned images have attribute 0, all the others attribute 1."""
    return run_of_two_attributes(tmp_path_factory.mktemp("runs"), X=200)


def test_counter_examples_are_counted_as_a_slow_loop_counts_them(run):
    f, t = 3, 0
    n_captions = run.images["n_captions"].to_numpy()
    xs = [x for x in np.flatnonzero(run.is_test) if n_captions[x] > 0]
    value = {x: float(run.array("pooled")[x, f]) for x in xs}
    share = {x: run.counts[[x]].toarray()[0, t] / n_captions[x] for x in xs}
    low, high = np.quantile(list(value.values()), (SILENT, ACTIVE))
    silent = sorted((x for x in xs if share[x] >= MIN_SHARE and value[x] <= low), key=value.get)
    active = sorted(
        (x for x in xs if share[x] == 0 and value[x] > high), key=value.get, reverse=True
    )
    examples = counter_examples(run, f, t, n=4)
    assert examples.silent.tolist() == silent[:4]
    assert examples.active.tolist() == active[:4]
    assert (examples.n_silent, examples.n_active_without) == (len(silent), len(active))
    assert examples.n_with == sum(share[x] >= MIN_SHARE for x in xs)
    assert examples.n_active == sum(value[x] > high for x in xs)
    assert examples.share_without == pytest.approx(np.mean([share[x] == 0 for x in xs]))


def test_an_attribute_that_no_test_image_has_makes_no_silent_image(run):
    counts = run.counts.toarray()
    counts[:, 5] = 0
    examples = counter_examples(run.changed(count_arrays(counts)), 3, 5)
    assert (examples.n_with, examples.n_silent, len(examples.silent)) == (0, 0, 0)
    assert examples.share_without == 1
    assert examples.n_active_without == examples.n_active


def test_without_captioned_test_images_there_is_nothing_to_contradict(tmp_path):
    run = write_synthetic_run(tmp_path)
    silent = run.changed(tables={"images": run.images.assign(n_captions=0)})
    assert counter_examples(silent, 0, 0) is None
