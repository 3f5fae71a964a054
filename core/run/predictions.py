"""What class scores say of each image: the predicted class and its probability."""

import numpy as np
import pandas as pd
from scipy.special import softmax

#: Rows of the logits worked on at a time.
_BLOCK = 16384


def predictions(logits: np.ndarray, true_c: np.ndarray) -> pd.DataFrame:
    """Return ``predicted_c``, ``confidence`` and ``p_true`` of each image.

    Parameters
    ----------
    logits : ndarray of shape (X, C)
        May be a memory map.
    true_c : ndarray of shape (X,)
    """
    X = len(true_c)
    predicted_c = np.empty(X, np.int32)
    confidence, p_true = np.empty(X, np.float32), np.empty(X, np.float32)
    for start in range(0, X, _BLOCK):
        span = slice(start, min(start + _BLOCK, X))
        values = logits[span].astype(np.float64)
        p = softmax(values, axis=1)
        predicted_c[span] = values.argmax(axis=1)
        confidence[span] = p.max(axis=1)
        p_true[span] = p[np.arange(len(p)), true_c[span]]
    return pd.DataFrame({"predicted_c": predicted_c, "confidence": confidence, "p_true": p_true})
