"""Slices of a synthetic run in which every image of one class in one place fails."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from fieldmarks.core.causes import slices as module
from fieldmarks.core.causes.background_groups import stratified_words, words_of
from fieldmarks.core.causes.slices import (
    Kind,
    Scope,
    find_slice,
    fold,
    sentence,
    slice_key,
    slices,
)
from fieldmarks.core.shares import fisher, newcombe
from tests.support.synthetic_run import write_synthetic_run

X, C, T = 400, 4, 20
PLANTED_C, PLANTED_T = 2, 7


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Return a run without planted failures."""
    return write_synthetic_run(tmp_path_factory.mktemp("run"), X=X, C=C, T=T, F=6)


@pytest.fixture(scope="module")
def planted(plain):
    """Return a run in which images of class 2 whose captions name attribute 7 are called 3."""
    rng = np.random.default_rng(3)
    images = plain.images.copy()
    images["predicted_c"] = images["true_c"]
    images["n_captions"] = np.int32(10)
    named = rng.random((X, T)) < 0.3
    at = np.flatnonzero((images["true_c"] == PLANTED_C).to_numpy() & named[:, PLANTED_T])
    images.loc[at, "predicted_c"] = np.int32(3)
    images.loc[rng.permutation(X)[:12], "predicted_c"] = np.int32(0)
    counts = sparse.csr_array(named.astype(np.uint16))
    arrays = {
        "counts_indptr": counts.indptr.astype(np.int64),
        "counts_indices": counts.indices.astype(np.int32),
        "counts_values": counts.data.astype(np.uint16),
    }
    return plain.changed(arrays=arrays, tables={"images": images})


def test_the_planted_slice_comes_first(planted):
    first = slices(planted).found[0]
    assert first.scope.true_c == PLANTED_C
    assert [(c.kind, c.number, c.is_absent) for c in first.conditions] == [
        (Kind.CAPTIONS, PLANTED_T, False)
    ]
    assert first.n_right <= 1
    assert sentence(planted, first).startswith(f"Of {first.n} images of Class 2 ")


def test_figures_of_a_slice_are_those_of_a_loop_over_images(planted):
    images, named = planted.images, planted.counts.toarray() > 0
    for each in slices(planted).found:
        for part in (each, *each.same):
            inside, rest = [], []
            for x in np.flatnonzero(planted.is_test):
                true, predicted = images["true_c"].iloc[x], images["predicted_c"].iloc[x]
                scope = part.scope
                if scope.true_c is not None and true != scope.true_c:
                    continue
                both = scope.true_c is not None
                allowed = {scope.predicted_c, true} if both else {scope.predicted_c}
                if scope.predicted_c is not None and predicted not in allowed:
                    continue
                caption = [c for c in part.conditions if c.kind is Kind.CAPTIONS]
                if len(caption) < len(part.conditions):
                    break
                has = all(named[x, c.number] != c.is_absent for c in caption)
                (inside if has else rest).append(int(x))
            else:
                assert part.xs.tolist() == inside
                assert part.rest.tolist() == rest
                k, other = len(part.failures), len(part.rest_failures)
                low, high = newcombe(part.n_right, part.n, len(rest) - other, len(rest))
                assert (part.low, part.high) == pytest.approx((float(low), float(high)))
                assert part.p_value == pytest.approx(
                    float(fisher(k, part.n, k + other, part.n + len(rest)))
                )


def test_nothing_is_found_where_failures_are_drawn_at_random(plain):
    images = plain.images.copy()
    images["predicted_c"] = images["true_c"]
    n = []
    for seed in range(10):
        drawn = images.copy()
        at = np.random.default_rng(seed).permutation(X)[:60]
        drawn.loc[at, "predicted_c"] = ((drawn["true_c"].iloc[at] + 1) % C).astype(np.int32)
        n.append(len(slices(plain.changed(tables={"images": drawn})).found))
    assert sum(each > 0 for each in n) <= 2


def test_a_run_without_failures_has_no_slices(plain):
    images = plain.images.assign(predicted_c=plain.images["true_c"])
    result = slices(plain.changed(tables={"images": images}))
    assert (result.found, result.n_tested) == ([], 0)


def test_two_conditions_are_joined_where_each_adds(plain):
    rng = np.random.default_rng(5)
    images = plain.images.assign(predicted_c=plain.images["true_c"], n_captions=np.int32(10))
    named = rng.random((X, T)) < 0.5
    at = np.flatnonzero(named[:, 1] & named[:, 2] & (images["true_c"] == PLANTED_C))
    images.loc[at, "predicted_c"] = ((images["true_c"].iloc[at] + 1) % C).astype(np.int32)
    counts = sparse.csr_array(named.astype(np.uint16))
    run = plain.changed(
        arrays={
            "counts_indptr": counts.indptr.astype(np.int64),
            "counts_indices": counts.indices.astype(np.int32),
            "counts_values": counts.data.astype(np.uint16),
        },
        tables={"images": images},
    )
    first = slices(run).found[0]
    assert first.scope.true_c == PLANTED_C
    assert {c.number for c in first.conditions} == {1, 2}
    assert first.n_right == 0


def test_what_the_class_of_an_object_says_is_no_slice(plain):
    """Images that are called class 1 and lack its attribute are of another class: of course."""
    images = plain.images.assign(predicted_c=plain.images["true_c"], n_captions=np.int32(10))
    named = np.zeros((X, T), bool)
    named[np.arange(X), images["true_c"]] = True
    at = np.flatnonzero(images["true_c"] == 0)[::3]
    images.loc[at, "predicted_c"] = np.int32(1)
    counts = sparse.csr_array(named.astype(np.uint16))
    arrays = {
        "counts_indptr": counts.indptr.astype(np.int64),
        "counts_indices": counts.indices.astype(np.int32),
        "counts_values": counts.data.astype(np.uint16),
    }
    assert slices(plain.changed(arrays=arrays, tables={"images": images})).found == []


def test_a_slice_whose_images_are_listed_already_is_folded(planted):
    first = slices(planted).found[0]
    whole = module.Slice(**{**vars(first), "same": ()})
    again = module.Slice(**{**vars(whole), "scope": Scope(true_c=PLANTED_C, predicted_c=3)})
    folded = fold([whole, again])
    assert len(folded) == 1
    assert len(folded[0].same) == 1


def test_a_background_is_not_named_by_the_class_that_lives_on_it():
    rng = np.random.default_rng(0)
    stratum = np.repeat([0, 1], 200)
    inside = rng.random(400) < np.where(stratum == 0, 0.8, 0.2)
    of_class, of_place = stratum == 0, inside & (rng.random(400) < 0.8)
    said = sparse.csr_array(np.stack([of_class, of_place], axis=1))
    assert stratified_words(said, inside, stratum) == [1]


def test_a_run_without_words_has_slices_of_quality_and_background(wordless):
    images = wordless.images.assign(predicted_c=wordless.images["true_c"])
    xs = np.flatnonzero(wordless.is_test)
    bad = xs[: len(xs) // 3]
    images["sharpness"] = np.float32(0.5)
    images["sharpness"] += np.random.default_rng(0).normal(0, 0.02, len(images)).astype(np.float32)
    images.loc[bad, "sharpness"] = np.float32(0.01)
    images.loc[bad, "predicted_c"] = (images["true_c"].iloc[bad] + 1) % wordless.sizes["C"]
    group = np.full(len(images), -1)
    group[xs] = np.arange(len(xs)) % 2
    tables = {"images": images, "diagnoses": pd.DataFrame({"background": group})}
    run = wordless.changed(tables=tables)
    first = slices(run).found[0]
    assert {c.kind for c in first.conditions} == {Kind.QUALITY}
    assert "less sharp" in sentence(run, first)
    assert words_of(run, 0, xs[::2]) == []


def test_a_slice_is_found_again_by_its_key(planted):
    for first in slices(planted).found:
        for each in (first, *first.same):
            assert find_slice(planted, slice_key(planted, each)).xs.tolist() == each.xs.tolist()
    assert find_slice(planted, "9-|captions blue sky") is None


def test_slices_are_ranked_by_the_accuracy_that_they_certainly_lack(planted):
    images, named = planted.images.copy(), planted.counts.toarray() > 0
    other = np.flatnonzero((images["true_c"] == 1).to_numpy() & named[:, 3])
    images.loc[other[: len(other) * 3 // 4], "predicted_c"] = np.int32(0)  # the others are right
    found = slices(planted.changed(tables={"images": images})).found
    assert [(each.scope.true_c, each.conditions[0].number) for each in found[:2]] == [
        (PLANTED_C, PLANTED_T),
        (1, 3),
    ]
    least = [min(each.high for each in (first, *first.same)) for first in found]
    assert least == sorted(least)
