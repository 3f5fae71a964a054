"""Attributes that exclude each other, as the words of the training images show.

Two attributes that are both frequent and are never used for one image contradict each other or
belong to different things: "solid" and "stripe", "sleeve" and "heel". A sentence has one of them.
"""

import numpy as np
from scipy import sparse

from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run

#: Images with both that chance would give, at least, before their absence means something.
MIN_EXPECTED = 3.0
#: Largest share of these that may be there: a slip of a writer does not make two words go together.
MAX_SHARE = 0.05
#: The most frequent attributes that are looked at; rarer ones meet nothing often.
MAX_ATTRIBUTES = 4000


@per_run
def never_together(run: Run) -> sparse.csr_array:
    """Return which attributes exclude each other, by the training images of a run.

    Pairs of an adjective and a noun are left to the opposites in `core.attributes.wordlists`:
    several
    writers of one image disagree, and parts have several colours.

    Parameters
    ----------
    run : Run

    Returns
    -------
    csr_array of shape (T, T), bool
        Symmetric.
    """
    is_pair = (run.attributes["kind"] == "pair").to_numpy()
    n_captions = run.source.images["n_captions"].to_numpy()
    xs = np.flatnonzero(~run.source.is_test & (n_captions > 0))
    if is_pair.all() or not len(xs):
        return sparse.csr_array((len(is_pair), len(is_pair)), dtype=bool)
    return excluding(run.source.counts[xs], is_pair)


def excluding(counts: sparse.csr_array, is_exempt: np.ndarray) -> sparse.csr_array:
    """Return which attributes exclude each other; see `never_together`.

    Parameters
    ----------
    counts : csr_array of shape (n, T)
        Above 0 where an image has an attribute.
    is_exempt : ndarray of shape (T,), bool
        Two attributes that are both exempt never exclude each other.
    """
    n, T = counts.shape
    has = sparse.csr_array(counts > 0, dtype=np.int32)
    n_images = np.asarray(has.sum(axis=0)).ravel()
    # the other of a pair has at most all images
    frequent = np.flatnonzero(n_images >= MIN_EXPECTED)
    frequent = np.sort(frequent[np.argsort(-n_images[frequent], kind="stable")[:MAX_ATTRIBUTES]])
    together = (has[:, frequent].T @ has[:, frequent]).toarray()
    share = (n_images[frequent] / max(n, 1)).astype(np.float32)
    expected = np.outer(n_images[frequent].astype(np.float32), share)
    excludes = (expected >= MIN_EXPECTED) & (together <= MAX_SHARE * expected)
    exempt = is_exempt[frequent]
    excludes &= ~(exempt[:, None] & exempt)
    i, j = np.nonzero(excludes)
    values = np.ones(len(i), bool)
    return sparse.csr_array((values, (frequent[i], frequent[j])), shape=(T, T))
