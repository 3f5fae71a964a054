"""A quiz on unseen test pictures of two classes, and its score beside the network's.

The network answers the same question as the person: which of the two classes, so the larger of the
two logits, whatever the other classes are given.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from fieldmarks.core.run.run import Run

#: Pictures in a quiz, at most.
N_QUESTIONS = 10
#: What a person writes for the first and the second class.
FIRST, SECOND = "1", "2"
#: Share of right answers by guessing.
CHANCE = 0.5


@dataclass(frozen=True)
class Quiz:
    """Pictures of two classes in random order.

    Attributes
    ----------
    a, b : int
        The first and the second class.
    xs : ndarray of shape (n,), int
        Test images.
    is_first : ndarray of shape (n,), bool
        Whether each is labelled as the first class.
    network_says_first : ndarray of shape (n,), bool
        Whether the logit of the first class is the larger one.
    """

    a: int
    b: int
    xs: np.ndarray
    is_first: np.ndarray
    network_says_first: np.ndarray

    def right(self, answers: str) -> np.ndarray:
        """Return whether each answer so far is right, shape (len(answers),), bool."""
        said_first = np.array([answer == FIRST for answer in answers], bool)
        return said_first == self.is_first[: len(answers)]

    @property
    def network_right(self) -> np.ndarray:
        """Whether the network is right on each picture, shape (n,), bool."""
        return self.network_says_first == self.is_first


@dataclass(frozen=True)
class Tally:
    """Right answers with Wilson's 95 % interval.

    Attributes
    ----------
    n_right, n : int
    low, high : float
        Of the share of right answers, in [0, 1]; NaN before the first answer.
    """

    n_right: int
    n: int
    low: float
    high: float

    @property
    def beats_chance(self) -> bool:
        """Whether the interval lies above guessing."""
        return bool(self.low > CHANCE)


def draw_quiz(run: Run, a: int, b: int, seed: int = 0, n: int = N_QUESTIONS) -> Quiz:
    """Draw test images of two classes at random.

    As many images of either class can be drawn as the smaller one has, so that a person who always
    answers the same is right half of the time; how many come is not fixed.

    Parameters
    ----------
    run : Run
    a, b : int
        Two classes.
    seed : int
        The same seed draws the same pictures in the same order.
    n : int
        Pictures, at most.

    Returns
    -------
    Quiz
        Of no picture where one of the classes has no readable test image.
    """
    rng = np.random.default_rng(seed)
    true_c = run.images["true_c"].to_numpy()
    usable = run.is_test & run.is_readable
    of_class = [np.flatnonzero(usable & (true_c == c)) for c in (a, b)]
    n_each = min(len(xs) for xs in of_class)
    pool = np.concatenate([rng.permutation(xs)[:n_each] for xs in of_class])
    xs = rng.permutation(pool)[:n]
    logits = np.asarray(run.array("logits")[xs])
    return Quiz(a, b, xs, true_c[xs] == a, logits[:, a] > logits[:, b])


def read_answers(text: str, n: int) -> str:
    """Return the answers of a link up to the first that is none, at most n.

    >>> read_answers("122x1", 10)
    '122'
    """
    for i, char in enumerate(text):
        if char not in (FIRST, SECOND):
            return text[:i][:n]
    return text[:n]


def tally(is_right: np.ndarray) -> Tally:
    """Return the number of right answers with its interval.

    Parameters
    ----------
    is_right : ndarray of shape (n,), bool
    """
    n_right, n = int(np.sum(is_right)), len(is_right)
    if not n:
        return Tally(0, 0, np.nan, np.nan)
    bounds = binomtest(n_right, n).proportion_ci(method="wilson")
    return Tally(n_right, n, float(bounds.low), float(bounds.high))
