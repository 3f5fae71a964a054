"""Two shares compared: Fisher's exact test, Newcombe's interval, the false discovery rate."""

import numpy as np
from scipy.special import ndtri

#: Tests that cannot be significant at this level are left out of the false discovery rate.
POSSIBLE = 0.01
_Z = float(ndtri(0.975))


def newcombe(k, n, other_k, other_n) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % interval of the difference of two shares (Newcombe 1998, method 10).

    Parameters
    ----------
    k, n, other_k, other_n : ndarray of int
        k cases of n, and the same of the others; shapes that broadcast.

    >>> low, high = newcombe(np.array([56]), 70, np.array([48]), 80)
    >>> low.round(4), high.round(4)
    (array([0.0524]), array([0.3339]))
    """
    share, other = k / n, other_k / other_n
    low, high = _wilson(share, n)
    other_low, other_high = _wilson(other, other_n)
    difference = share - other
    return (
        difference - np.hypot(share - low, other_high - other),
        difference + np.hypot(high - share, other - other_low),
    )


def _wilson(share, n) -> tuple[np.ndarray, np.ndarray]:
    """Return Wilson's 95 % interval of shares of n images."""
    centre = share + _Z**2 / (2 * n)
    reach = _Z * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return (centre - reach) / (1 + _Z**2 / n), (centre + reach) / (1 + _Z**2 / n)


def fisher(k, n, total_k, total) -> np.ndarray:
    """Return the p-value of k cases among n drawn of ``total``, of which ``total_k`` are cases.

    Fisher's exact test, two-sided by doubling the smaller tail. Equal tables are computed once.

    Parameters
    ----------
    k, n, total_k, total : ndarray of int
        Shapes that broadcast.

    >>> fisher(np.array([8, 1]), 8, np.array([9, 5]), 20).round(6)
    array([1.43000e-04, 6.13003e-01])
    """
    tables = np.stack(np.broadcast_arrays(k, n, total_k, total), axis=-1)
    shape = tables.shape[:-1]
    unique, of = np.unique(tables.reshape(-1, 4), axis=0, return_inverse=True)
    k, n, total_k, total = unique.T
    from scipy import stats  # the first page does without

    at_most = stats.hypergeom.cdf(k, total, total_k, n)
    at_least = stats.hypergeom.sf(k - 1, total, total_k, n)
    return np.clip(2 * np.minimum(at_most, at_least), 0, 1)[of.ravel()].reshape(shape)


def least_p(n, total_k, total) -> np.ndarray:
    """Return the smallest p-value that `fisher` can give with these totals, whatever k is.

    Parameters
    ----------
    n, total_k, total : ndarray of int
        Shapes that broadcast.
    """
    n, total_k, total = np.broadcast_arrays(n, total_k, total)
    most, least = np.minimum(n, total_k), np.maximum(0, n + total_k - total)
    return np.minimum(fisher(most, n, total_k, total), fisher(least, n, total_k, total))


def q_values(p: np.ndarray, least: np.ndarray | None = None) -> np.ndarray:
    """Return the false discovery rate at which each test is called significant.

    Benjamini and Hochberg (1995). Where the smallest possible p-values are given, tests that could
    not be significant at `POSSIBLE` whatever was observed do not count (after Gilbert 2005, "A
    modified false discovery rate multiple-comparisons procedure for discrete data": totals alone
    decide, not what was observed); theirs is 1.

    Parameters
    ----------
    p : ndarray of shape (m,)
    least : ndarray of shape (m,), optional
        As `least_p` returns them.
    """
    q, is_counted = np.ones(len(p)), np.ones(len(p), bool) if least is None else least < POSSIBLE
    if is_counted.any():
        from scipy import stats  # the first page does without

        q[is_counted] = stats.false_discovery_control(p[is_counted])
    return q
