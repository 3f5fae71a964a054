"""Suggested synonyms: words that meet in different captions of an image, not in the same one."""

import numpy as np
import pytest
from scipy import sparse

from fieldmarks.core.attributes.synonym_candidates import meeting_score, synonym_candidates

ADJECTIVES = np.array(["small", "tiny", "large", "black", "white", "red"])
NOUNS = np.array(["bird", "bird", "bird", "wing", "wing", "wing"])


@pytest.fixture(scope="module")
def said():
    """Captions of 200 images: size in either word, black and white wings in one breath."""
    rng = np.random.default_rng(0)
    named, image = [], []
    for x in range(200):
        is_small, is_pied = rng.random() < 0.5, rng.random() < 0.3
        for _ in range(5):
            row = np.zeros(6, bool)
            if is_small:
                row[rng.integers(2)] = rng.random() < 0.8
            else:
                row[2] = rng.random() < 0.8
            if is_pied:
                row[[3, 4]] = rng.random() < 0.8
            else:
                row[5] = rng.random() < 0.8
            row[rng.integers(6)] |= rng.random() < 0.1  # a writer errs
            named.append(row)
            image.append(7 * x)
    return sparse.csr_array(np.array(named)), np.array(image)


def test_words_for_one_thing_go_before_opposites_and_what_is_said_together(said):
    table = synonym_candidates(*said, ADJECTIVES, NOUNS)
    assert table.loc[0, ["kind", "word", "other"]].tolist() == ["adjective", "small", "tiny"]
    score = table.set_index(["word", "other"])["score"]
    assert score["small", "tiny"] > score["black", "white"] + 1
    assert score["small", "tiny"] > score["large", "small"] + 1


def test_counts_are_those_of_a_slow_loop(said):
    named, image = said[0].toarray(), said[1]
    table = synonym_candidates(*said, ADJECTIVES, NOUNS).set_index(["word", "other"])
    apart = together = pairs = 0
    for i in range(len(image)):
        together += named[i, 0] and named[i, 1]
        for j in range(len(image)):
            if i != j and image[i] == image[j]:
                pairs += 1
                apart += named[i, 0] and named[j, 1]
    row, n = table.loc["small", "tiny"], named.sum(axis=0)
    assert row["n_apart"] == apart
    assert row["n_together"] == together
    assert row["expected_apart"] == pytest.approx(n[0] * n[1] * pairs / len(image) ** 2)
    assert row["expected_together"] == pytest.approx(n[0] * n[1] / len(image))


def test_images_that_are_shown_have_both_words(said):
    row = synonym_candidates(*said, ADJECTIVES, NOUNS).iloc[0]
    for x in row[["x1", "x2", "x3"]]:
        assert said[0].toarray()[said[1] == x][:, :2].any(axis=0).all()


def test_nouns_are_compared_by_shared_adjectives():
    # one writer says belly, the other stomach
    named = np.tile([[1, 0], [0, 1]], (30, 1)).astype(bool)
    table = synonym_candidates(
        sparse.csr_array(named),
        np.repeat(np.arange(30), 2),
        np.array(["red", "red"]),
        np.array(["belly", "stomach"]),
    )
    assert table[["kind", "word", "other"]].to_numpy().tolist() == [["noun", "belly", "stomach"]]


def test_rare_words_and_no_captions_suggest_nothing():
    table = synonym_candidates(sparse.csr_array((4, 6)), np.array([0, 0, 1, 1]), ADJECTIVES, NOUNS)
    assert table.empty
    assert "score" in table


def test_the_score_is_higher_the_more_apart_and_the_less_together():
    assert meeting_score(9, 4, 1, 1) < meeting_score(19, 4, 1, 1)
    assert meeting_score(9, 4, 1, 1) > meeting_score(9, 4, 5, 1)
