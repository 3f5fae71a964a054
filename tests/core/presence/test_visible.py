"""Columns that pictures hold, and columns that they do not."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from fieldmarks.core.presence.columns import column_words, not_visible
from fieldmarks.core.presence.visible import visibilities, visibility
from fieldmarks.core.run.run import Run

X, F, C = 400, 8, 4


def area(scores: np.ndarray, named: np.ndarray, true_c: np.ndarray) -> float:
    """Return the area under the ROC curve over pairs within classes, as a loop."""
    wins = pairs = 0
    for c in np.unique(true_c):
        for t in range(named.shape[1]):
            inside = true_c == c
            for a in scores[inside & named[:, t], t]:
                for b in scores[inside & ~named[:, t], t]:
                    wins += (a > b) + 0.5 * (a == b)
                    pairs += 1
    return wins / pairs


def test_the_area_is_that_of_all_pairs_of_images_of_a_class():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 6, (60, 3)).astype(float)
    named, true_c = rng.random((60, 3)) < 0.4, rng.integers(0, 3, 60)
    measured = visibility("colour", scores, named, true_c)
    assert measured.area == pytest.approx(area(scores, named, true_c))


def test_permuted_words_lie_at_chance():
    rng = np.random.default_rng(0)
    areas = [
        visibility("x", rng.normal(size=(200, 2)), rng.random((200, 2)) < 0.5,
                   rng.integers(0, 4, 200), seed)
        for seed in range(60)
    ]  # fmt: skip
    found = np.mean([each.is_visible for each in areas])
    assert found < 0.15, "a level of 5 %"
    assert all(each.is_judged for each in areas)


def test_few_pairs_are_not_judged():
    rng = np.random.default_rng(0)
    few = visibility("x", rng.normal(size=(8, 1)), np.arange(8)[:, None] % 2 == 0, np.zeros(8))
    assert not few.is_judged
    assert few.is_visible
    constant = visibility("x", rng.normal(size=(8, 1)), np.ones((8, 1), bool), np.zeros(8))
    assert (constant.n_pairs, constant.is_visible) == (0, True)


@pytest.fixture(scope="module")
def shop() -> Run:
    """Images with a colour that activations hold and columns that they do not.

    The season depends on the class, the warehouse on nothing, the sale on the series of an image,
    whose look is in the activations.
    """
    rng = np.random.default_rng(0)
    true_c = np.arange(X) % C
    series = np.arange(X) // 40
    red, winter, north, sold = (
        rng.random(X) < 0.5,
        rng.random(X) < 0.2 + 0.2 * true_c,
        rng.random(X) < 0.5,
        np.isin(series, (0, 2, 5, 7, 8)),
    )
    pooled = np.abs(rng.normal(1, 0.2, (X, F))).astype(np.float32)
    pooled[:, 0] += red
    pooled[np.arange(X), 1 + true_c] += 2
    pooled[:, 5:] += rng.normal(size=(10, 3))[series]
    words = {"red": red, "blue": ~red, "winter": winter, "summer": ~winter,
             "north": north, "south": ~north, "sold": sold, "unsold": ~sold}  # fmt: skip
    counts = sparse.csr_array(np.stack(list(words.values()), axis=1).astype(np.uint16))
    table = pd.DataFrame({"phrase": list(words), "adjective": list(words)})
    table = table.assign(kind="is", noun=list(words), number="mass", part="")
    table["property"] = np.repeat(["colour", "season", "warehouse", "sale"], 2)
    table = table.assign(is_exclusive=True, is_complete=True)
    images = pd.DataFrame({"true_c": true_c, "predicted_c": true_c, "is_train": np.arange(X) < 360})
    images = images.assign(n_captions=1, problem="")
    arrays = {
        "pooled": pooled,
        "class_weights": np.eye(C, F, 1, dtype=np.float32),
        "class_bias": np.zeros(C, np.float32),
        "map_row": np.full(X, -1),
        "maps": np.empty((0, F, 1, 1)),
        "counts_values": counts.data,
        "counts_indices": counts.indices,
        "counts_indptr": counts.indptr,
        "p_t_given_f/literal": np.full((F, 8), 1 / 8, np.float32),
    }
    classes = pd.DataFrame({"class_id": range(C), "name": [f"Kind {c}" for c in range(C)]})
    manifest = {"estimators": ["literal"], "default_estimator": "literal"}
    return Run(manifest, arrays, {"images": images, "attributes": table, "classes": classes})


def test_a_column_of_the_class_alone_is_not_visible_and_one_of_the_picture_is(shop):
    assert list(column_words(shop)) == ["colour", "sale", "season", "warehouse"]
    judged = {each.column: each for each in visibilities(shop)}
    assert [name for name, each in judged.items() if each.is_visible] == ["colour"]
    assert "column season is not visible here, so it is never named" in judged["season"].told


def test_words_of_a_column_of_which_nothing_is_known_are_not_visible(shop):
    bias = np.zeros(8, np.float32)
    bias[[0, 2, 3]] = np.nan  # of the colours one is only too rare
    known = {f"presence_{name}": np.zeros((1, 8)) for name in ("weights", "standard")}
    known |= {f"presence_{name}": bias for name in ("bias", "choice", "curve", "line")}
    hidden = not_visible(Run(shop.manifest, {**shop.arrays, **known}, shop.tables))
    assert shop.attributes["phrase"][hidden].tolist() == ["winter", "summer"]
    assert not not_visible(shop).any(), "a run without presence tells nothing"


def test_a_word_of_one_half_of_the_table_is_not_judged(shop):
    counts = shop.counts.toarray()
    counts[:, 0], counts[:, 1] = np.arange(X) < X / 2, np.arange(X) >= X / 2
    counts = sparse.csr_array(counts)
    arrays = {"counts_values": counts.data, "counts_indices": counts.indices,
              "counts_indptr": counts.indptr}  # fmt: skip
    judged = visibilities(Run(shop.manifest, {**shop.arrays, **arrays}, shop.tables))
    colour = next(each for each in judged if each.column == "colour")
    assert not colour.is_judged
    assert colour.is_visible


def test_captions_have_no_columns(run):
    assert visibilities(run) == []
