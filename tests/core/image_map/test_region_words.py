"""What captions say more in a region: the test, its interval, a planted word, random regions."""

from math import comb

import numpy as np
import pytest
from scipy import sparse, stats

from fieldmarks.core.image_map.region_words import MOST, region_words, words_of_images
from fieldmarks.core.name_status import MAX_Q

N, T = 300, 60


def captions(seed: int, n: int = N) -> np.ndarray:
    """Return counts of attributes that have nothing to do with where an image lies."""
    rng = np.random.default_rng(seed)
    return (rng.random((n, T)) < rng.uniform(0.02, 0.6, T)) * rng.integers(1, 9, (n, T))


def test_a_planted_word_is_told_with_its_counts_and_interval():
    counts = captions(0)
    inside = np.arange(N) < 40
    counts[:, 7] = 0
    counts[:34, 7] = 3
    counts[50:60, 7] = 1
    told = region_words(sparse.csr_array(counts), inside)
    assert (told.n_inside, told.n_outside) == (40, 260)
    first = told.more.iloc[0]
    assert (first["t"], first["named_inside"], first["named_outside"]) == (7, 34, 10)
    assert first["difference"] == pytest.approx(34 / 40 - 10 / 260)
    assert first["low"] < first["difference"] < first["high"]
    assert first["low"] > 0.6


def test_a_word_that_is_missing_in_the_region_is_told_as_said_less():
    counts = captions(1)
    inside = np.arange(N) < 60
    counts[:, 5] = ~inside
    told = region_words(sparse.csr_array(counts), inside)
    assert told.less["t"].iloc[0] == 5
    assert told.less["high"].iloc[0] < 0


def test_a_random_region_says_nothing_at_the_nominal_rate():
    n_regions = 400
    rng = np.random.default_rng(2)
    n_told = 0
    for seed in range(n_regions):
        inside = rng.permutation(N) < rng.integers(20, 150)
        told = region_words(sparse.csr_array(captions(seed)), inside)
        n_told += not told.table.empty
    # where nothing is true, the rate of false discoveries is the chance of any
    assert stats.binomtest(n_told, n_regions, MAX_Q, "greater").pvalue > 0.01


def test_without_the_correction_random_regions_would_say_much():
    rng = np.random.default_rng(3)
    n_told = 0
    for seed in range(20):
        inside = rng.permutation(N) < 80
        named = captions(seed) > 0
        p = [
            stats.fisher_exact(np.bincount(2 * inside + each, minlength=4).reshape(2, 2)).pvalue
            for each in named.T
        ]
        n_told += min(p) < MAX_Q
    assert n_told > 10


def test_the_q_values_are_those_of_the_exact_tails_and_of_benjamini_and_hochberg():
    counts = captions(4, n=60)
    inside = np.arange(60) < 25
    counts[:25, :6] = 1
    told = region_words(sparse.csr_array(counts), inside)
    named = counts > 0
    p = []
    for t in np.flatnonzero(named.sum(axis=0) >= 5):
        K, k = named[:, t].sum(), named[inside, t].sum()
        chance = [comb(K, i) * comb(60 - K, 25 - i) / comb(60, 25) for i in range(min(K, 25) + 1)]
        p.append(min(1, 2 * min(sum(chance[: k + 1]), sum(chance[k:]))))
    ranked = sorted(p)
    q = [min(ranked[j] * len(p) / (j + 1) for j in range(i, len(p))) for i in range(len(p))]
    assert told.n_tested == len(p)
    assert sorted(told.table["q_value"]) == pytest.approx([each for each in q if each < MAX_Q])


@pytest.mark.parametrize("n_inside", [0, N])
def test_nothing_is_told_of_no_image_and_of_all(n_inside):
    told = region_words(sparse.csr_array(captions(5)), np.arange(N) < n_inside)
    assert told.table.empty
    assert told.n_tested == 0


def test_at_most_eight_words_are_told_each_way():
    counts = captions(6)
    inside = np.arange(N) < 100
    counts[:, :20] = inside[:, None]
    told = region_words(sparse.csr_array(counts), inside)
    assert len(told.more) == MOST
    assert len(told.table) >= 20


def test_images_without_captions_count_on_neither_side(run):
    inside = np.arange(run.sizes["X"]) < 20
    told = words_of_images(run, inside)
    is_captioned = run.images["n_captions"].to_numpy() > 0
    assert told.n_inside == (inside & is_captioned).sum() < 20
    assert told.n_inside + told.n_outside == is_captioned.sum()
