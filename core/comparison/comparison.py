"""Two runs over the same test images: which failures a change fixed, and what it broke.

Images are joined by path, classes by the data set's own number, attributes by phrase; a row number
of one run means nothing in the other.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import pandas as pd
import scipy

from fieldmarks.core.bootstrap import Resamples, Score, ratio
from fieldmarks.core.errors import DataError
from fieldmarks.core.run.run import Run


class Outcome(StrEnum):
    """What changed for a test image from the first run to the second, as shown."""

    FIXED = "fixed"
    BROKEN = "broken"
    BOTH_WRONG = "both wrong"
    BOTH_RIGHT = "both right"


@dataclass(frozen=True)
class Comparison:
    """The n test images that two runs share.

    Attributes
    ----------
    first, second : Run
    xs_first, xs_second : ndarray of shape (n,), int
        The same image in either run.
    second_c : ndarray of shape (C,), int
        The second run's class of each class of the first.
    true_c : ndarray of shape (n,), int
        Label by the second run, as a class of the first: a label that was corrected in between
        counts for both.
    predicted_first, predicted_second : ndarray of shape (n,), int
        Predictions, as classes of the first run.
    n_relabelled : int
        Test images whose label differs between the runs.
    """

    first: Run
    second: Run
    xs_first: np.ndarray
    xs_second: np.ndarray
    second_c: np.ndarray
    true_c: np.ndarray
    predicted_first: np.ndarray
    predicted_second: np.ndarray
    n_relabelled: int

    @cached_property
    def outcome(self) -> np.ndarray:
        """What became of each image, shape (n,), values of `Outcome`."""
        was_right = self.predicted_first == self.true_c
        is_right = self.predicted_second == self.true_c
        return np.select(
            [~was_right & is_right, was_right & ~is_right, was_right & is_right],
            [Outcome.FIXED, Outcome.BROKEN, Outcome.BOTH_RIGHT],
            Outcome.BOTH_WRONG,
        )

    @property
    def has_words(self) -> bool:
        """Whether both runs have words."""
        return self.first.has_words and self.second.has_words

    def count(self, outcome: Outcome) -> int:
        """Return how many images have an outcome."""
        return int((self.outcome == outcome).sum())


def compare(first: Run, second: Run) -> Comparison:
    """Join the test images of two runs.

    Raises
    ------
    DataError
        If the runs do not have the same classes or the same test images; the message counts both.
    """
    ids, other_ids = (run.classes["class_id"].to_numpy() for run in (first, second))
    if set(ids) != set(other_ids):
        raise DataError(
            f"runs are compared over the same classes: {len(set(ids) & set(other_ids)):,} are in "
            f"both, {len(set(ids) - set(other_ids)):,} only in {first.name!r}, "
            f"{len(set(other_ids) - set(ids)):,} only in {second.name!r}"
        )
    tests = [
        pd.Series(np.flatnonzero(run.is_test), index=run.images["path"].to_numpy()[run.is_test])
        for run in (first, second)
    ]
    shared = tests[0].index.intersection(tests[1].index, sort=False)
    n_only = [len(test) - len(shared) for test in tests]
    if any(n_only) or not len(shared):
        raise DataError(
            f"runs are compared over the same test images: {len(shared):,} are in both, "
            f"{n_only[0]:,} only in {first.name!r}, {n_only[1]:,} only in {second.name!r}"
        )
    xs_first, xs_second = (test.loc[shared].to_numpy() for test in tests)
    second_c = pd.Index(other_ids).get_indexer(ids)
    first_c = np.argsort(second_c)
    of_first = first.images.iloc[xs_first]
    of_second = second.images.iloc[xs_second]
    true_c = first_c[of_second["true_c"].to_numpy()]
    return Comparison(
        first,
        second,
        xs_first,
        xs_second,
        second_c,
        true_c,
        of_first["predicted_c"].to_numpy().astype(int),
        first_c[of_second["predicted_c"].to_numpy()],
        int((true_c != of_first["true_c"].to_numpy()).sum()),
    )


@dataclass(frozen=True)
class Change:
    """How a figure changed from the first run to the second.

    Attributes
    ----------
    accuracy_first, accuracy_second : float
        In [0, 1].
    difference : Score
        Second minus first, paired by image, with its bootstrap 95 % interval.
    p_value : float
        Exact McNemar test: probability of a split of the discordant images (fixed, broken) that is
        at least as uneven, were both networks equally good.
    churn : float
        Share of images whose predicted class changed, in [0, 1].
    """

    accuracy_first: float
    accuracy_second: float
    difference: Score
    p_value: float
    churn: float


def change(comparison: Comparison, among: np.ndarray | None = None, seed: int = 0) -> Change:
    """Return the change of accuracy, over all images or over some.

    Parameters
    ----------
    comparison : Comparison
    among : ndarray of shape (n,), bool, optional
        Which of the images count.
    seed : int
        Of the bootstrap.
    """
    chosen = slice(None) if among is None else among
    was_right = (comparison.predicted_first == comparison.true_c)[chosen]
    is_right = (comparison.predicted_second == comparison.true_c)[chosen]
    n = len(was_right)
    step = is_right.astype(float) - was_right
    return Change(
        float(was_right.mean()) if n else np.nan,
        float(is_right.mean()) if n else np.nan,
        ratio(step, np.ones(n), Resamples(n, seed=seed)),
        mcnemar(int((step > 0).sum()), int((step < 0).sum())),
        float((comparison.predicted_first != comparison.predicted_second)[chosen].mean())
        if n
        else np.nan,
    )


def mcnemar(n_fixed: int, n_broken: int) -> float:
    """Return the exact two-sided p-value of McNemar's test (McNemar 1947), in (0, 1].

    >>> mcnemar(0, 0), mcnemar(5, 0)
    (1.0, 0.0625)
    """
    n = n_fixed + n_broken
    return float(scipy.stats.binomtest(n_fixed, n).pvalue) if n else 1.0


def class_changes(comparison: Comparison) -> pd.DataFrame:
    """Return the change of each class, the largest first.

    Returns
    -------
    DataFrame
        Columns c (class of the first run), n, right_first, right_second, difference (counts).
    """
    C = comparison.first.sizes["C"]
    true_c = comparison.true_c
    right = [
        np.bincount(true_c[predicted == true_c], minlength=C)
        for predicted in (comparison.predicted_first, comparison.predicted_second)
    ]
    table = pd.DataFrame(
        {
            "c": np.arange(C),
            "n": np.bincount(true_c, minlength=C),
            "right_first": right[0],
            "right_second": right[1],
            "difference": right[1] - right[0],
        }
    )
    order = np.argsort(-table["difference"].abs().to_numpy(), kind="stable")
    return table.iloc[order].reset_index(drop=True)


def confusion_difference(comparison: Comparison) -> np.ndarray:
    """Return second minus first confusion matrix, shape (C, C), int; classes of the first run."""
    C = comparison.first.sizes["C"]
    cells = [
        np.bincount(comparison.true_c * C + predicted, minlength=C * C).reshape(C, C)
        for predicted in (comparison.predicted_first, comparison.predicted_second)
    ]
    return cells[1] - cells[0]


def settled(comparison: Comparison, paths: pd.Index) -> tuple[int, int]:
    """Return how many of the first run's failures have a verdict, and how many of those are fixed.

    Parameters
    ----------
    comparison : Comparison
    paths : Index of str
        Images with a verdict.
    """
    paths_first = comparison.first.images["path"].iloc[comparison.xs_first]
    was_wrong = comparison.predicted_first != comparison.true_c
    judged = paths_first.isin(paths).to_numpy() & was_wrong
    return int(judged.sum()), int((judged & (comparison.outcome == Outcome.FIXED)).sum())
