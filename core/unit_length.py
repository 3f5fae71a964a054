"""Vectors at length 1, so that their products are cosines and correlations."""

import numpy as np

#: A column that varies less does not vary.
_LEAST = 1e-6


def at_unit_length(vectors: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return vectors at length 1; one of zeros stays.

    >>> at_unit_length(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    length = np.linalg.norm(vectors, axis=axis, keepdims=True)
    return vectors / np.where(length > 0, length, 1)


def centred_at_unit_length(columns: np.ndarray) -> np.ndarray:
    """Return columns at mean 0 and length 1, or of zeros where they do not vary.

    The product of two is their correlation.
    """
    columns = columns - columns.mean(axis=0)
    length = np.linalg.norm(columns, axis=0)
    return columns / np.where(length > _LEAST, length, np.inf)
