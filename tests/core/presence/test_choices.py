"""Values of one property are found in the words of the training images."""

import numpy as np
from scipy import sparse

from fieldmarks.core.presence.choices import choices

NOUNS = np.array(["cell", "cell", "cell", "cell", "bill", "bill", "bill", "bill", "wing"])
ADJECTIVES = np.array(["small", "large", "round", "odd", "red", "blue", "long", "flat", "red"])


def found(named: np.ndarray) -> tuple[dict[str, int], np.ndarray]:
    choice, is_complete = choices(sparse.csr_array(named), NOUNS, ADJECTIVES)
    words = [f"{a} {n}" for a, n in zip(ADJECTIVES, NOUNS, strict=True)]
    return dict(zip(words, choice.tolist(), strict=True)), is_complete


def table(n: int = 200) -> np.ndarray:
    """Every cell has a size and a shape; captions name one colour of a bill or none, never both."""
    rng = np.random.default_rng(0)
    named = np.zeros((n, 9), bool)
    rows = np.arange(n)
    named[rows, rng.integers(0, 2, n)] = True
    named[rows, 2 + rng.integers(0, 2, n)] = True
    colour = rng.integers(0, 3, n)
    named[rows[colour < 2], 4 + colour[colour < 2]] = True
    named[: n // 4, 6] = True
    named[n // 4 : n // 2, 7] = True
    named[:, 8] = rng.random(n) < 0.5
    return named


def test_two_columns_of_one_noun_are_two_complete_choices():
    choice, is_complete = found(table())
    assert choice["small cell"] == choice["large cell"] >= 0
    assert choice["round cell"] == choice["odd cell"] >= 0
    assert choice["small cell"] != choice["round cell"]
    assert is_complete[choice["small cell"]]
    assert is_complete[choice["round cell"]]


def test_colours_that_captions_never_say_together_are_an_incomplete_choice():
    choice, is_complete = found(table())
    assert choice["red bill"] == choice["blue bill"] >= 0
    assert not is_complete[choice["red bill"]]


def test_other_words_that_are_not_said_together_need_not_exclude_each_other():
    choice, _ = found(table())
    assert choice["long bill"] == choice["flat bill"] == -1
    assert choice["red wing"] == -1


def test_colours_that_are_said_together_are_no_choice():
    named = table()
    named[:40, 4:6] = True
    choice, _ = found(named)
    assert choice["red bill"] == choice["blue bill"] == -1
