"""How much of an image's captions names each attribute: the target of estimators and scores."""

import numpy as np
from scipy import sparse

from fieldmarks.core.run.run import Run


def caption_shares(counts: sparse.csr_array, n_captions: np.ndarray) -> sparse.csr_array:
    """Return the share of each image's captions that name t, shape (n, T), float32 in [0, 1].

    An image without captions has no entry.

    Parameters
    ----------
    counts : csr_array of shape (n, T)
        Captions of each image that name t.
    n_captions : ndarray of shape (n,)

    >>> caption_shares(sparse.csr_array([[3, 0], [0, 0]]), np.array([4, 0])).toarray().tolist()
    [[0.75, 0.0], [0.0, 0.0]]
    """
    share = counts.data.astype(np.float32)
    share /= np.repeat(n_captions, np.diff(counts.indptr)).astype(np.float32)
    return sparse.csr_array((share, counts.indices, counts.indptr), shape=counts.shape)


def caption_shares_of(run: Run, xs: np.ndarray) -> sparse.csr_array:
    """Return the same for images of a run; how likely t is seen, where a model said so.

    Parameters
    ----------
    run : Run
    xs : ndarray of shape (n,)
        Images; one may stand there several times.
    """
    if run.mentions is not None:
        return run.mentions[xs]
    return caption_shares(run.counts[xs], run.images["n_captions"].to_numpy()[xs])
