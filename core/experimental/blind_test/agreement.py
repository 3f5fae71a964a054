"""What each reviewer judged, and how far two reviewers agree beyond chance.

Verdicts of an image build on each other, so the second reviewer may have seen what the first one
wrote: the agreement is that of a team, and an upper bound of what independent reviewers would have.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from fieldmarks.core.bootstrap import Resamples, Score, interval

#: What a complete review without a pattern counts as.
NO_PATTERN = "no cause"
_NOTHING = ("", "", (), False, "")


@dataclass(frozen=True)
class Agreement:
    """How far two reviewers agree on the images that both judged.

    Attributes
    ----------
    first, second : str
        Their names.
    n : int
        Images that both judged.
    observed : float
        Share of them with the same verdict, in [0, 1].
    kappa : Score
        Cohen's kappa with its bootstrap 95 % interval over images; NaN where chance alone would
        agree on everything.
    """

    first: str
    second: str
    n: int
    observed: float
    kappa: Score


def judgements(versions: pd.DataFrame) -> pd.DataFrame:
    """Return the last complete review of each reviewer on each image.

    A version that was undone counts for nobody: the one after it is the one before it again, author
    included.

    Parameters
    ----------
    versions : DataFrame
        All versions of a data set, as `core.review.verdicts.Verdicts.versions` returns them.

    Returns
    -------
    DataFrame
        Columns author, path and pattern (`NO_PATTERN` for none).
    """
    judged: dict[tuple[str, str], str] = {}
    for path, rows in versions.groupby("path", sort=False):
        for row in _standing(rows):
            if row.author and row.is_reviewed:
                judged[row.author, str(path)] = row.pattern or NO_PATTERN
    table = [(author, path, pattern) for (author, path), pattern in judged.items()]
    return pd.DataFrame(table, columns=["author", "path", "pattern"])


def _standing(rows: pd.DataFrame) -> list:
    """Return the versions of one image without those that were undone."""
    stack: list = []
    for row in rows.sort_values("version").itertuples():
        before = _content(stack[-2]) if len(stack) > 1 else _NOTHING
        if stack and _content(row) == before:
            stack.pop()
        else:
            stack.append(row)
    return stack


def _content(row) -> tuple:
    return (row.pattern, row.note, tuple(row.tags), bool(row.is_reviewed), row.author)


def agreements(judged: pd.DataFrame, seed: int = 0) -> list[Agreement]:
    """Return the agreement of each two reviewers who judged the same images, most images first.

    Parameters
    ----------
    judged : DataFrame
        See `judgements`.
    seed : int
        Of the bootstrap.
    """
    by_author = {author: rows.set_index("path") for author, rows in judged.groupby("author")}
    pairs = []
    for first, second in combinations(by_author, 2):
        shared = by_author[first].index.intersection(by_author[second].index)
        if len(shared):
            a, b = (by_author[who].loc[shared, "pattern"].to_numpy() for who in (first, second))
            observed = float((a == b).mean())
            pairs.append(Agreement(first, second, len(a), observed, cohen_kappa(a, b, seed)))
    return sorted(pairs, key=lambda pair: -pair.n)


def cohen_kappa(first: np.ndarray, second: np.ndarray, seed: int = 0) -> Score:
    """Return Cohen's kappa of two reviewers' categories, with a bootstrap interval over items.

    (Observed minus expected agreement) over (1 minus expected): 1 is full agreement, 0 what two
    reviewers with these frequencies reach by chance (Cohen 1960).

    Parameters
    ----------
    first, second : ndarray of shape (n,)
        Category of each item.
    seed : int
    """
    n = len(first)
    names, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    k = len(names)
    cells = np.eye(k * k)[codes[:n] * k + codes[n:]]
    again = _kappa(Resamples(n, seed=seed) @ cells, k)
    return interval(float(_kappa(cells.sum(axis=0)[None], k)[0]), again, n)


def _kappa(counts: np.ndarray, k: int) -> np.ndarray:
    """Return kappa of contingency tables of shape (m, k * k), shape (m,)."""
    table = counts.reshape(-1, k, k) / counts.sum(axis=1)[:, None, None]
    observed = np.trace(table, axis1=1, axis2=2)
    expected = (table.sum(axis=2) * table.sum(axis=1)).sum(axis=1)
    out = np.full(len(table), np.nan)
    return np.divide(observed - expected, 1 - expected, out=out, where=expected < 1 - 1e-12)
