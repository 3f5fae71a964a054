"""Which annotated keypoints belong to the part that an attribute's noun names."""

import numpy as np
import pandas as pd

from fieldmarks.core.run.run import Run


def keypoint_columns(run: Run) -> np.ndarray:
    """Return the columns of ``parts`` that belong to each attribute's part, shape (T, k).

    -1 where there are fewer, and everywhere for an attribute whose noun is not a part.
    """
    names = list(run.manifest["part_names"])
    group, parts = pd.factorize(run.attributes["part"])
    columns = [
        [names.index(name) for name in run.part_keypoints.get(part, ()) if name in names]
        for part in parts
    ]
    width = max(map(len, columns), default=0) or 1
    padded = [each + [-1] * (width - len(each)) for each in columns]
    return np.array(padded, dtype=int).reshape(-1, width)[group]
