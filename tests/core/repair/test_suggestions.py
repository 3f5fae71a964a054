"""Removals that slices suggest: which filters, and what they fix and break."""

import re
from dataclasses import replace

import numpy as np
import pytest

from fieldmarks.core.causes.slices import (
    Condition,
    Kind,
    Scope,
    Slice,
    Slices,
    slice_key,
    slices,
)
from fieldmarks.core.repair import suggestions as module
from fieldmarks.core.repair.preview import halves, head_of, is_right, preview
from fieldmarks.core.repair.suggestions import (
    removal_for,
    removal_of_slice,
    suggestions,
    tipping_filters,
    why,
)
from tests.support.faulty_run import MISLED

CUE = 3  # the filter on the place that misleads


def a_slice(failures, condition: Condition, true_c: int) -> Slice:
    """Return a slice of these failures alone."""
    none = np.empty(0, int)
    return Slice(
        Scope(true_c), (condition,), failures, failures, none, none, -0.9, -0.5, 0.001, 0.01
    )


def test_the_filter_of_the_planted_cue_tips_the_misled_images(faulty):
    assert tipping_filters(faulty, np.array(MISLED))[0] == CUE


def test_what_a_filter_adds_is_counted_beyond_right_training_images(faulty):
    x = MISLED[0]
    row, weights = faulty.images.iloc[x], faulty.weights(None)
    usual = (faulty.images["is_train"] & (faulty.images["true_c"] == row["true_c"])).to_numpy()
    mean = faulty.array("pooled")[usual & faulty.is_right].mean(axis=0)
    added = (weights[row["predicted_c"]] - weights[row["true_c"]]) * (
        faulty.array("pooled")[x] - mean
    )
    fs = tipping_filters(faulty, np.array([x]))
    assert sorted(fs) == np.flatnonzero(added > 0).tolist()
    assert (np.diff(added[fs]) <= 0).all()


def test_a_removal_counts_what_it_fixes_and_breaks_on_the_validation_half(faulty):
    removal = removal_for(faulty, np.array(MISLED))
    assert removal is not None
    assert removal.recipe.off_filters[0] == CUE
    assert not removal.recipe.is_refitted
    choose, _ = halves(faulty)
    after = is_right(faulty, preview(faulty, removal.recipe).head, choose)
    before = is_right(faulty, head_of(faulty), choose)
    assert removal.n_fixed == (after & ~before).sum() > removal.n_broken == (before & ~after).sum()


def test_failures_of_the_held_out_half_alone_suggest_nothing(faulty):
    _, judge = halves(faulty)
    assert removal_for(faulty, np.intersect1d(MISLED, judge)) is None


def test_a_removal_that_breaks_more_than_it_fixes_is_not_suggested(faulty, monkeypatch):
    # the marks of all classes: without them nothing is told apart
    monkeypatch.setattr(module, "tipping_filters", lambda run, xs: np.array([0, 1, 2]))
    assert removal_for(faulty, np.array(MISLED)) is None


def test_slices_of_one_background_make_one_suggestion(faulty, monkeypatch):
    parts = [np.array(MISLED[:2]), np.array(MISLED[2:])]
    made = [
        a_slice(part, Condition(Kind.BACKGROUND, 0, is_absent=i > 0), true_c=1 + i)
        for i, part in enumerate(parts)
    ]
    monkeypatch.setattr(module, "slices", lambda run: Slices(made, 2))
    (found,) = suggestions(faulty.changed())
    assert found.failures.tolist() == list(MISLED)
    names = faulty.classes["name"]
    said = why(faulty, found)
    assert re.fullmatch(
        rf"3 failures by an? [a-z ]+ background \(group 1\) in {names[1]}, {names[2]}", said
    )


def test_where_no_removal_helps_all_slices_of_a_background_the_one_that_is_helped_is_suggested(
    faulty, monkeypatch
):
    others = np.setdiff1d(faulty.failures, MISLED)
    made = [a_slice(xs, Condition(Kind.BACKGROUND, 0), 1) for xs in (others, np.array(MISLED))]
    monkeypatch.setattr(module, "slices", lambda run: Slices(made, 2))
    helped = removal_for(faulty, np.array(MISLED))
    monkeypatch.setattr(
        module,
        "removal_for",
        lambda run, failures: helped if failures.tolist() == list(MISLED) else None,
    )
    (found,) = suggestions(faulty.changed())
    assert found.failures.tolist() == list(MISLED)
    assert found.removal == helped


def test_a_slice_has_its_own_removal(faulty):
    for each in slices(faulty).found:
        expected = removal_for(faulty, each.failures)
        assert removal_of_slice(faulty, slice_key(faulty, each)) == expected
    assert removal_of_slice(faulty, "9-|captions blue sky") is None


def test_a_head_that_is_not_linear_has_no_suggestions(faulty, monkeypatch):
    monkeypatch.setattr(module, "is_refittable", lambda run: False)
    assert suggestions(faulty.changed()) == []


@pytest.mark.parametrize("kind", [Kind.CAPTIONS, Kind.QUALITY, Kind.BACKGROUND])
def test_a_suggestion_says_by_what_the_failures_are(faulty, monkeypatch, kind):
    made = [a_slice(np.array(MISLED), Condition(kind, 0), true_c=1)]
    monkeypatch.setattr(module, "slices", lambda run: Slices(made, 1))
    (found,) = suggestions(faulty.changed())
    by = {
        Kind.CAPTIONS: f"with “{faulty.attributes['phrase'][0]}”",
        Kind.QUALITY: "of images that are ",
        Kind.BACKGROUND: "by a",
    }
    assert f"3 failures {by[kind]}" in why(faulty, found)


def test_a_suggestion_for_images_that_lack_a_word_says_so(faulty, monkeypatch):
    lacking = a_slice(np.array(MISLED), Condition(Kind.CAPTIONS, 0, is_absent=True), true_c=1)
    made = replace(lacking, scope=Scope(predicted_c=2))
    monkeypatch.setattr(module, "slices", lambda run: Slices([made], 1))
    (found,) = suggestions(faulty.changed())
    word, name = faulty.attributes["phrase"][0], faulty.classes["name"][2]
    assert why(faulty, found) == f"3 failures without “{word}” called {name}"
