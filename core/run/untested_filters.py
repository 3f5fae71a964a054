"""The table of filters of a run whose permutation test is still to be computed."""

import numpy as np
import pandas as pd

from fieldmarks.core.name_status import NameStatus
from fieldmarks.core.run.tables import TABLES


def untested_filters(p_t_given_f: np.ndarray | None, class_weights: np.ndarray) -> pd.DataFrame:
    """Return one row per filter: no name, and of its statistics those that need no test images.

    Parameters
    ----------
    p_t_given_f : ndarray of shape (F, T), optional
        Of the default estimator, None where there are no words.
    class_weights : ndarray of shape (C, F)
    """
    entropy = None
    if p_t_given_f is not None:
        entropy = [-(p[p > 0] * np.log2(p[p > 0])).sum(dtype=float) for p in p_t_given_f]
    known = {
        "verdict": str(NameStatus.NONE),
        "name_t": -1,
        "n_significant": 0,
        "entropy": np.nan if entropy is None else entropy,
        "top_c": class_weights.argmax(axis=0),
    }
    spec = next(spec for spec in TABLES if spec.name == "filters")
    table = pd.DataFrame({name: known.get(name, np.nan) for name in spec.columns})
    return table.astype({name: kind for name, (kind, _) in spec.columns.items()})
