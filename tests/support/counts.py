"""Counts of attributes in captions as the arrays of a run."""

import numpy as np
from scipy import sparse


def count_arrays(counts: np.ndarray) -> dict[str, np.ndarray]:
    """Return the arrays of the contract that hold counts of shape (X, T)."""
    rows = sparse.csr_array(counts)
    return {
        "counts_values": rows.data.astype(np.uint16),
        "counts_indices": rows.indices.astype(np.int32),
        "counts_indptr": rows.indptr.astype(np.int64),
    }
