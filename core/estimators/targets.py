"""What joint estimators regress on: how often an image's captions name each attribute."""

from collections.abc import Iterator

import numpy as np

from core.estimators.registry import Inputs

#: Attributes worked on at a time: keeps memory flat in T.
BLOCK = 1024


def attribute_blocks(T: int, size: int = BLOCK) -> Iterator[slice]:
    """Yield slices that cover T attributes, ``size`` at a time.

    >>> list(attribute_blocks(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    yield from (slice(start, min(start + size, T)) for start in range(0, T, size))


def caption_fraction(inputs: Inputs, block: slice | np.ndarray) -> np.ndarray:
    """Return the share of each image's captions that name t, shape (X, len(block)), in [0, 1]."""
    dense = inputs.counts[:, block].toarray().astype(np.float32)
    return dense / inputs.n_captions[:, None].astype(np.float32)
