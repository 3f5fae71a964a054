"""A run with some arrays and tables in memory in place of those on disk."""

import copy
import hashlib
from collections.abc import Mapping

import numpy as np
import pandas as pd

from fieldmarks.core.run.run import Run


def replaced(run: Run, arrays: Mapping[str, np.ndarray], tables: Mapping[str, pd.DataFrame]) -> Run:
    """Return a run in which some arrays and tables are others; all else is shared.

    It has the folder of ``run`` and a stamp of its own, so that nothing which is cached of the one
    is taken for the other.

    Parameters
    ----------
    run : Run
    arrays : mapping of str to ndarray
        By name in the contract, of the same shape.
    tables : mapping of str to DataFrame
    """
    other = copy.copy(run)
    vars(other).pop("counts", None)  # of arrays that may be others now
    other._arrays = {**run._arrays, **arrays}
    other._tables = {**run._tables, **tables}
    content = hashlib.blake2b(digest_size=6)
    for array in arrays.values():
        content.update(np.ascontiguousarray(array).tobytes())
    other.stamp = int.from_bytes(content.digest(), "big")
    return other
