"""What joint estimators regress on: how often an image's captions name each attribute."""

import numpy as np

from core.estimators.registry import Inputs

#: Attributes worked on at a time: keeps memory flat in T.
ATTRIBUTES = 1024


def caption_fraction(inputs: Inputs, block: slice | np.ndarray) -> np.ndarray:
    """Return the share of each image's captions that name t, shape (X, len(block)), in [0, 1]."""
    dense = inputs.counts[:, block].toarray().astype(np.float32)
    return dense / inputs.n_captions[:, None].astype(np.float32)
