"""Which words explain an image as a class: those seen in it that count for the class.

Eq. (5) takes attributes to be independent of the image, given the filters. Without that assumption
p(t given f, x) is in proportion to p(t given f) and to q(t, x), how likely t is given all
activations (`core.presence`). A word is used if q is above `SAID` and its exact contribution to
the score of the class, minus that to the mean class, is positive, unless images of the class hardly
ever have it (`core.presence.usual.rare_in_class`); of more than five, those with the highest p(t
given x, c) q(t, x). They are ordered by contribution.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from fieldmarks.core.attributes.english import SIZES
from fieldmarks.core.explanations.attribute_ranking import Poles, top_attributes
from fieldmarks.core.explanations.never_together import never_together
from fieldmarks.core.head import Head
from fieldmarks.core.presence.presence import SAID, SEEN, SURE, features_of, presence_of
from fieldmarks.core.presence.usual import USUAL, class_image_frequency
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run

#: Images of a class, drawn evenly, that tell what is seen in it.
MAX_OF_CLASS = 500


@dataclass(frozen=True)
class SeenWord:
    """A word of an explanation, or of the description of a class, and its evidence.

    Attributes
    ----------
    t : int
        Attribute.
    q : float
        q(t, x), how likely the captions name it given what the network sees, in [0, 1]; NaN where
        unknown. Of a class the mean over its images.
    share : float
        Its part in the score of the class, less that of the mean class or of the one it is compared
        with, as a share of all contributions to it, in [0, 1]; below 0 where it counts against.
    is_named : bool or None
        Whether the captions of the image name it; None without captions. Of a class, whether those
        of at least half of its training images do.
    """

    t: int
    q: float
    share: float
    is_named: bool | None

    @property
    def is_seen(self) -> bool:
        """Whether the network sees it in the image."""
        return self.q > SEEN

    @property
    def is_sure(self) -> bool:
        """Whether it does so with certainty."""
        return self.q > SURE


def words_of(run: Run, x: int, ts: list[int], part: np.ndarray) -> list[SeenWord]:
    """Return attributes of image x with their evidence.

    Parameters
    ----------
    run : Run
    x : int
    ts : list of int
    part : ndarray of shape (T,)
        Of every attribute in the score of the class.
    """
    presence, q = presence_of(run.source), np.full(len(ts), np.nan)
    if presence is not None and ts:
        q = presence.q(features_of(run, x), np.array(ts))
    total = np.maximum(part, 0).sum()
    named = named_by_captions(run, x)
    return [
        SeenWord(
            int(t),
            float(q[i]),
            float(part[t] / total) if total > 0 else 0.0,
            None if named is None else int(t) in named,
        )
        for i, t in enumerate(ts)
    ]


def words_of_class(run: Run, c: int, ts: list[int]) -> list[SeenWord]:
    """Return attributes of class c with their evidence: means over its images.

    They are test images; training images of a class without any.

    Parameters
    ----------
    run : Run
    c : int
    ts : list of int
    """
    of_class = run.images["true_c"].to_numpy() == c
    tested = of_class & run.is_test
    xs = np.flatnonzero(tested if tested.any() else of_class)
    xs = xs[np.unique(np.linspace(0, len(xs) - 1, min(len(xs), MAX_OF_CLASS)).astype(int))]
    presence, q = presence_of(run), np.full(len(ts), np.nan)
    part = np.zeros(run.sizes["T"])
    if len(xs):
        pooled = np.asarray(run.array("pooled")[xs], np.float32).mean(axis=0)
        weights = run.weights(None, c) * run.head.scale(pooled)
        part = lead_parts(pooled, weights, mean_weights(run.head, pooled), run.array("p_t_given_f"))
        if presence is not None and ts:
            q = presence.q(features_of(run, xs), np.array(ts)).mean(axis=0)
    total = np.maximum(part, 0).sum()
    frequency = class_image_frequency(run)[c]
    has_captions = frequency.any()
    return [
        SeenWord(
            int(t),
            float(q[i]),
            float(part[t] / total) if total > 0 else 0.0,
            bool(frequency[t] >= USUAL) if has_captions else None,
        )
        for i, t in enumerate(ts)
    ]


def named_by_captions(run: Run, x: int) -> set[int] | None:
    """Return the attributes that the captions of image x name; None without captions."""
    if run.source is not run or run.images["n_captions"].iloc[x] == 0:
        return None
    start, stop = run.array("counts_indptr")[x : x + 2]
    return set(run.array("counts_indices")[start:stop].tolist())


def mean_weights(head: Head, pooled: np.ndarray) -> np.ndarray:
    """Return the weights of the mean class at images, shape (..., F).

    What all classes have in common does not matter: the softmax is invariant to it.

    Parameters
    ----------
    head : Head
    pooled : ndarray of shape (..., F)
    """
    return head.weights.mean(axis=0) * head.scale(pooled)


def lead_parts(
    pooled: np.ndarray, first: np.ndarray, second: np.ndarray, p_t_given_f: np.ndarray
) -> np.ndarray:
    """Return each attribute's exact contribution to one class score minus another, shape (..., T).

    The parts sum to the difference without the biases: p(t given f) sums to 1 over T.

    Parameters
    ----------
    pooled : ndarray of shape (..., F)
    first, second : ndarray of shape (..., F)
        Weights of the two classes at the images, see also `mean_weights`.
    p_t_given_f : ndarray of shape (F, T)
    """
    return (pooled * (first - second)) @ p_t_given_f


def said(
    p: np.ndarray,
    q: np.ndarray,
    part: np.ndarray,
    attributes: pd.DataFrame | Poles,
    k: int,
    excludes: sparse.csr_array | None = None,
) -> np.ndarray:
    """Return the words that explain each image, by descending contribution.

    Parameters
    ----------
    p, q, part : ndarray of shape (B, T)
        p(t given x, c), q(t, x) and the part of t in the score of c.
    attributes : DataFrame or Poles
        See `core.explanations.attribute_ranking.top_attributes`.
    k : int
        Words at most, at most T.
    excludes : csr_array of shape (T, T), bool, optional
        See `excluding`.

    Returns
    -------
    ndarray of shape (B, k), int32
        -1 where fewer are seen and count.
    """
    weight = np.where((np.nan_to_num(q) > SAID) & (part > 0), np.maximum(p, 1e-12) * q, 0)
    top = top_attributes(weight, attributes, k, excludes)
    is_said = (top >= 0) & (np.take_along_axis(weight, np.maximum(top, 0), axis=1) > 0)
    counts = np.take_along_axis(part, np.maximum(top, 0), axis=1)
    order = np.argsort(np.where(is_said, -counts, np.inf), axis=1, kind="stable")
    return np.take_along_axis(np.where(is_said, top, -1), order, axis=1).astype(np.int32)


@per_run
def excluding(run: Run) -> sparse.csr_array:
    """Return which attributes are never in one sentence, shape (T, T), bool.

    Those that exclude each other by `never_together`, the values of one property, and two sizes of
    one noun ("a short, small bill").
    """
    excludes, presence = never_together(run), presence_of(run)
    if presence is None:
        return excludes
    nouns = pd.factorize(run.attributes["noun"])[0]
    is_size = run.attributes["adjective"].isin(SIZES).to_numpy()
    same = _alike(presence.properties) + _alike(np.where(is_size, nouns, -1))
    return sparse.csr_array((excludes + same) > 0)


def _alike(group: np.ndarray) -> sparse.csr_array:
    """Return which two are of one group (T,), -1 for none, shape (T, T), bool."""
    ts = np.flatnonzero(group >= 0)
    of_group = sparse.csr_array(
        (np.ones(len(ts), bool), (ts, group[ts])), shape=(len(group), max(group.max(), 0) + 1)
    )
    same = (of_group @ of_group.T).tocsr()
    same.setdiag(False)
    same.eliminate_zeros()
    return same
