"""Which classes the test images of a run were taken for."""

import numpy as np
import pandas as pd

from fieldmarks.core.run.run import Run


def confusion_matrix(run: Run) -> np.ndarray:
    """Return how many test images of each true class were given each class.

    Returns
    -------
    ndarray of shape (C, C), int64
        Rows are true, columns predicted classes.
    """
    images, C = run.images[run.is_test], run.sizes["C"]
    true_c = images["true_c"].to_numpy().astype(np.int64)
    predicted_c = images["predicted_c"].to_numpy()
    return np.bincount(true_c * C + predicted_c, minlength=C * C).reshape(C, C)


def confusion_pairs(run: Run) -> pd.DataFrame:
    """Return the class pairs of misclassified test images, most frequent first.

    Returns
    -------
    DataFrame
        Columns true_c, predicted_c, n and share: n over the test images of the true class.
    """
    pairs = (
        run.images.iloc[run.failures]
        .groupby(["true_c", "predicted_c"])
        .size()
        .rename("n")
        .reset_index()
    )
    n_test = run.classes["n_test"].to_numpy()
    pairs["share"] = pairs["n"] / n_test[pairs["true_c"]]
    return pairs.sort_values("n", ascending=False, kind="stable", ignore_index=True)
