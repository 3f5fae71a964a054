"""Suspected label errors, read from the diagnoses of a run."""

import numpy as np
import pandas as pd

from fieldmarks.core.causes.finding import DECIDED, SINGLE_SOURCE
from fieldmarks.core.run.run import Run


def suspected_from(run: Run) -> float:
    """Return the score of a wrong label from which on an image is listed."""
    return DECIDED if run.has_words else DECIDED * SINGLE_SOURCE


def suspects(run: Run, limit: int | None = None) -> pd.DataFrame:
    """Return a table of likely label errors, by descending score, for the owner of the labels.

    Parameters
    ----------
    run : Run
        With diagnoses. Without words there are neighbours alone, which never decide; images whose
        neighbours indicate another class are listed.
    limit : int, optional
        Maximum number of rows; by default all images whose label is more likely wrong than not.
    """
    images, diagnoses = run.images, run.table("diagnoses")
    order = np.argsort(-diagnoses["wrong_label"].to_numpy(), kind="stable")
    n = int((diagnoses["wrong_label"] >= suspected_from(run)).sum()) if limit is None else limit
    xs = order[:n]
    names = run.classes["name"].to_numpy()
    return pd.DataFrame(
        {
            "path": images["path"].to_numpy()[xs],
            "label": names[images["true_c"].to_numpy()[xs]],
            "suggested": names[diagnoses["suggested_c"].to_numpy()[xs]],
            "suspicion": diagnoses["wrong_label"].to_numpy()[xs].round(3),
            "predicted": names[images["predicted_c"].to_numpy()[xs]],
            "confidence": images["confidence"].to_numpy()[xs].round(3),
            "split": np.where(images["is_train"].to_numpy()[xs], "train", "test"),
            "reason": diagnoses["wrong_label_reason"].to_numpy()[xs],
        }
    )
