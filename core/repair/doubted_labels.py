"""Suspected label errors of training images: by the diagnosis, unless a reviewer disagrees."""

import numpy as np
import pandas as pd

from fieldmarks.core.causes.finding import DECIDED, Pattern
from fieldmarks.core.errors import DataError, MissingRunError
from fieldmarks.core.run.run import Run


def doubted_labels(run: Run, verdicts: pd.DataFrame | None = None) -> np.ndarray:
    """Return whether the label of each image is suspected, shape (X,), bool.

    A reviewer's verdict counts more than the diagnosis: "wrong label" puts an image in, a complete
    review with another verdict takes it out.

    Parameters
    ----------
    run : Run
    verdicts : DataFrame, optional
        Latest verdicts indexed by path, as `core.review.verdicts.Verdicts.latest` returns them.

    Raises
    ------
    DataError
        If the run has neither diagnoses nor a verdict of a wrong label.
    """
    paths = run.images["path"]
    said_wrong = said_right = np.zeros(len(paths), bool)
    if verdicts is not None and len(verdicts):
        is_wrong = verdicts["pattern"] == Pattern.WRONG_LABEL
        is_reviewed = verdicts["is_reviewed"].astype(bool)
        said_wrong = paths.isin(verdicts.index[is_wrong]).to_numpy()
        said_right = paths.isin(verdicts.index[is_reviewed & ~is_wrong]).to_numpy()
    try:
        suspected = (run.table("diagnoses")["wrong_label"] >= DECIDED).to_numpy()
    except MissingRunError:
        if not said_wrong.any():
            raise DataError(
                f"run {run.name!r} has no diagnoses, so no label is suspected: make them with "
                f"'fieldmarks suspects {run.name}'"
            ) from None
        suspected = np.zeros(len(paths), bool)
    return (suspected | said_wrong) & ~said_right


def corrected_labels(run: Run, is_doubted: np.ndarray) -> np.ndarray:
    """Return the labels with the suspected ones replaced by the most likely class, (X,), int.

    Parameters
    ----------
    run : Run
    is_doubted : ndarray of shape (X,), bool

    Raises
    ------
    DataError
        If the run has no diagnoses, which say what class is likely.
    """
    try:
        suggested = run.table("diagnoses")["suggested_c"].to_numpy()
    except MissingRunError:
        raise DataError(
            f"run {run.name!r} has no diagnoses, so no other class is suggested: make them with "
            f"'fieldmarks suspects {run.name}'"
        ) from None
    return np.where(is_doubted, suggested, run.images["true_c"].to_numpy()).astype(int)
