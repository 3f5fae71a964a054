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
from scipy import sparse

from fieldmarks.core.name_status import MAX_Q
from fieldmarks.core.run.run import Run
from fieldmarks.core.shares import fisher, newcombe, q_values

#: Attributes that fewer captioned images name are not tested: no choice of images could show much.
MIN_IMAGES = 5
#: At most so many attributes are reported in each direction.
MOST = 8


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
            "q_value": q_values(fisher(k, n_inside, named[ts], len(inside))),
        }
    )
    table = table[table["q_value"] < MAX_Q]
    order = np.argsort(-table["difference"].to_numpy(), kind="stable")
    return RegionWords(n_inside, n_outside, len(ts), table.iloc[order].reset_index(drop=True))
