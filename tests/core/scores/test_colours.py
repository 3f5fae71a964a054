from itertools import product

import numpy as np
import pytest

from fieldmarks.core.scores.colours import compared_attributes, score_colours, score_pairs

NOUN = np.array(["crown", "crown", "crown", "bill", "bill"])
N = 30


def slow(values, truth, usual=None):
    hits = pairs = 0
    for x in range(len(values)):
        for a, b in product(range(len(NOUN)), repeat=2):
            if NOUN[a] == NOUN[b] and truth[x, a] and not truth[x, b]:
                if usual is not None and usual[x, a] >= usual[x, b]:
                    continue
                pairs += 1
                hits += 1 if values[x, a] > values[x, b] else 0.5 * (values[x, a] == values[x, b])
    return 100 * hits / pairs


def test_the_share_of_pairs_is_that_of_a_slow_loop():
    rng = np.random.default_rng(0)
    values, usual = (rng.integers(0, 4, (N, 5)).astype(float) for _ in range(2))
    truth = rng.random((N, 5)) < 0.4
    row = score_pairs({"p": values}, truth, usual, NOUN, np.arange(N) % 3)["p"]
    assert row["all"].value == pytest.approx(slow(values, truth))
    assert row["where the class is wrong"].value == pytest.approx(slow(values, truth, usual))


def test_class_frequency_is_never_right_where_it_is_wrong():
    rng = np.random.default_rng(1)
    usual, truth = rng.random((N, 5)), rng.random((N, 5)) < 0.4
    row = score_pairs({"usual": usual}, truth, usual, NOUN, np.arange(N) % 3)["usual"]
    assert row["where the class is wrong"].value == 0


def test_a_rare_noun_counts_as_much_as_a_common_one_in_the_mean_over_nouns():
    truth = np.zeros((N, 5), bool)
    truth[:, 0] = True  # always a right crown
    truth[0, 3] = True  # one wrong bill
    values = np.tile([1.0, 0, 0, 0, 1], (N, 1))
    row = score_pairs({"p": values}, truth, values, NOUN, np.arange(N) % 3)["p"]
    assert row["all"].value == pytest.approx(100 * 2 * N / (2 * N + 1))
    assert row["mean over nouns"].value == pytest.approx(50)


def test_only_colours_of_nouns_that_have_several_are_compared(run):
    table = run.attributes.iloc[compared_attributes(run)]
    assert set(table["adjective"]) <= {"yellow", "red", "black", "white", "grey"}
    assert (table["noun"].value_counts() > 1).all()


def test_the_score_stands_beside_class_frequency(run):
    images = run.images
    xs = np.flatnonzero(~images["is_train"].to_numpy() & (images["n_captions"] > 0).to_numpy())
    names = [row.name for row in score_colours(run, xs).rows]
    assert names == ["class frequency", *run.estimators, "ridge minus class frequency"]
