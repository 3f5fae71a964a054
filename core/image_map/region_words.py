"""What the captions of some images say more, or less, often than those of the others.

For each attribute: the share of captioned images whose captions name it, among the chosen images
and among the others. Were the images chosen at random, the number of chosen ones that name it would
be hypergeometric (Fisher's exact test, two-sided by doubling the smaller tail); over attributes the
false discovery rate is controlled (Benjamini and Hochberg 1995). The interval of the difference is
Newcombe's (1998, method 10).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse, stats

from fieldmarks.core.name_status import MAX_Q
from fieldmarks.core.run.run import Run

#: Attributes that fewer captioned images name are not tested: no choice of images could show much.
MIN_IMAGES = 5
#: At most so many attributes are reported in each direction.
MOST = 8
_Z = float(stats.norm.ppf(0.975))


@dataclass(frozen=True)
class RegionWords:
    """Attributes that distinguish chosen images from the others.

    Attributes
    ----------
    n_inside, n_outside : int
        Captioned images among the chosen ones and among the others.
    n_tested : int
        Attributes that were tested.
    table : DataFrame
        Significant attributes, those said more often first, by descending difference. Columns t,
        named_inside and named_outside (images whose captions name it), difference (of the shares,
        inside minus outside), low and high (95 % interval), q_value (false discovery rate).
    """

    n_inside: int
    n_outside: int
    n_tested: int
    table: pd.DataFrame

    @property
    def more(self) -> pd.DataFrame:
        """The attributes named more often inside, the largest difference first."""
        return self.table[self.table["difference"] > 0].head(MOST)

    @property
    def less(self) -> pd.DataFrame:
        """The attributes named less often inside, the largest difference first."""
        return self.table[self.table["difference"] < 0].iloc[::-1].head(MOST)


def words_of_images(run: Run, inside: np.ndarray) -> RegionWords:
    """Return what distinguishes the captions of some images of a run.

    Parameters
    ----------
    run : Run
    inside : ndarray of shape (X,), bool
        The chosen images; those without captions are left out on both sides.
    """
    is_captioned = run.images["n_captions"].to_numpy() > 0
    return region_words(run.counts[is_captioned], inside[is_captioned])


def region_words(counts: sparse.csr_array, inside: np.ndarray) -> RegionWords:
    """Return the attributes that distinguish chosen images from the others.

    Parameters
    ----------
    counts : csr_array of shape (n, T)
        Captions of each image that name each attribute; only whether any does is used.
    inside : ndarray of shape (n,), bool
    """
    n_inside = int(inside.sum())
    n_outside = len(inside) - n_inside
    T = counts.shape[1]
    named = np.bincount(counts.indices, counts.data > 0, T).astype(int)
    within = counts[inside]
    named_inside = np.bincount(within.indices, within.data > 0, T).astype(int)
    ts = np.flatnonzero(named >= MIN_IMAGES) if n_inside and n_outside else np.empty(0, int)
    k, outside = named_inside[ts], (named - named_inside)[ts]
    low, high = newcombe(k, max(n_inside, 1), outside, max(n_outside, 1))
    table = pd.DataFrame(
        {
            "t": ts,
            "named_inside": k,
            "named_outside": outside,
            "difference": k / max(n_inside, 1) - outside / max(n_outside, 1),
            "low": low,
            "high": high,
            "q_value": _false_discovery_rate(k, named[ts], n_inside, len(inside)),
        }
    )
    table = table[table["q_value"] < MAX_Q]
    order = np.argsort(-table["difference"].to_numpy(), kind="stable")
    return RegionWords(n_inside, n_outside, len(ts), table.iloc[order].reset_index(drop=True))


def _false_discovery_rate(k: np.ndarray, named: np.ndarray, drawn: int, n: int) -> np.ndarray:
    """Return the q-value of finding k of the named images among the drawn ones, shape (T,)."""
    if not len(k):
        return np.empty(0)
    at_most = stats.hypergeom.cdf(k, n, named, drawn)
    at_least = stats.hypergeom.sf(k - 1, n, named, drawn)
    p_value = np.clip(2 * np.minimum(at_most, at_least), 0, 1)
    return stats.false_discovery_control(p_value)


def newcombe(
    k: np.ndarray, n: int, other_k: np.ndarray, other_n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % interval of the difference of two shares (Newcombe 1998, method 10).

    Parameters
    ----------
    k, other_k : ndarray of int
        Cases, out of n and of other_n.
    n, other_n : int

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


def _wilson(share: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return Wilson's 95 % interval of shares of n images."""
    centre = share + _Z**2 / (2 * n)
    reach = _Z * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return (centre - reach) / (1 + _Z**2 / n), (centre + reach) / (1 + _Z**2 / n)
