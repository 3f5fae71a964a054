"""What filters stand for, by their top-activating images, and images that contradict it."""

import numpy as np
import pytest
from scipy import sparse

from core.explanations.filter_meanings import (
    MIN_SHARE,
    active_images_without,
    filter_meanings,
    silent_images,
)
from tests.synthetic_run import write_synthetic_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run in which every captioned image is said to have one of the first two attributes."""
    run = write_synthetic_run(tmp_path_factory.mktemp("runs"), X=120, T=16, R=12)
    counts = run.counts.toarray()
    captions = run.images["n_captions"].to_numpy()
    is_first = np.random.default_rng(0).random(len(counts)) < 0.4
    counts[:, 0], counts[:, 1] = captions * is_first, captions * ~is_first
    run.__dict__["counts"] = sparse.csr_array(counts)
    return run


def share(run, x, t):
    return run.counts[[x]].toarray()[0, t] / run.images["n_captions"][x]


def test_meanings_share_out_the_top_activating_images(run):
    for f in range(run.sizes["F"]):
        seen = set()
        for meaning in filter_meanings(run, f):
            assert meaning.p == pytest.approx(run.array("p_t_given_f")[f, meaning.t])
            assert all(share(run, x, meaning.t) >= MIN_SHARE for x in meaning.xs)
            assert not seen & set(meaning.xs.tolist())
            seen |= set(meaning.xs.tolist())
        assert sum(meaning.share for meaning in filter_meanings(run, f)) <= 1 + 1e-9


def test_a_filter_of_two_words_has_two_meanings(run):
    p = np.array(run.array("p_t_given_f"))
    p[0] = 0
    p[0, [0, 1]] = 0.5
    run._arrays["p_t_given_f/ridge"] = p
    assert {meaning.t for meaning in filter_meanings(run, 0)} == {0, 1}


def test_counter_examples_contradict_the_attribute(run):
    t = 0
    pooled = np.asarray(run.array("pooled"))[:, 3]
    silent, without = silent_images(run, 3, t), active_images_without(run, 3, t)
    assert len(silent)
    assert all(share(run, x, t) >= MIN_SHARE for x in silent)
    assert all(share(run, x, t) == 0 for x in without)
    for xs, sign in ((silent, 1), (without, -1)):
        assert (np.diff(sign * pooled[xs]) >= 0).all()
        assert not run.images["is_train"][xs].any()
