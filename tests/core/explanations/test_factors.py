"""Explanations of many images at once are those of single images."""

from dataclasses import replace

import numpy as np
import pytest

from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.explanations.factors import Factors
from tests.support.seen_run import write_seen_run


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    return write_seen_run(tmp_path_factory.mktemp("runs"))


def test_top_attributes_are_those_of_single_explanations(run):
    xs, cs = np.array([3, 8, 20]), np.array([0, 4, 2])
    top_t, top_p = Factors.of(run).top(xs, cs, 5)
    for i, (x, c) in enumerate(zip(xs, cs, strict=True)):
        explanation = explain(run, int(x), int(c))
        assert set(top_t[i]) == set(explanation.attributes)
        np.testing.assert_allclose(top_p[i], explanation.p[top_t[i]], rtol=1e-5)


def test_some_images_as_other_classes_are_explained_as_if_they_were_alone(seen):
    factors, xs = Factors.of(seen), np.arange(0, 400, 9)
    some = xs % 2 == 0
    c = np.arange(some.sum()) % 4
    images = factors.images(xs).as_classes(c, some)
    np.testing.assert_array_equal(images.said(), factors.said(xs[some], c))
    for together, alone in zip(images.top(5), factors.top(xs[some], c, 5), strict=True):
        np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_images_that_show_no_word_have_no_sentence(seen):
    factors = Factors.of(seen)
    nothing = np.full(len(seen.attributes), -99, np.float32)
    blind = replace(factors.seen, presence=replace(factors.seen.presence, bias=nothing))
    words = replace(factors, seen=blind).said(np.arange(7), np.zeros(7, int))
    np.testing.assert_array_equal(words, np.full((7, 5), -1))
    assert words.dtype == np.int32
