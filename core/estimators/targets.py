"""What joint estimators regress on: how often an image's captions name each attribute."""

import numpy as np
from scipy import sparse

from core.estimators.registry import Inputs

#: Images worked on at a time: keeps memory flat in X.
IMAGES = 4096
#: Attributes worked on at a time: keeps memory flat in T.
ATTRIBUTES = 1024


def caption_fraction(inputs: Inputs, images: slice = slice(None)) -> sparse.csr_array:
    """Return the share of each image's captions that name t, shape (n, T), float32 in [0, 1]."""
    counts = inputs.counts[images]
    share = counts.data.astype(np.float32)
    share /= np.repeat(inputs.n_captions[images], np.diff(counts.indptr)).astype(np.float32)
    return sparse.csr_array((share, counts.indices, counts.indptr), shape=counts.shape)
