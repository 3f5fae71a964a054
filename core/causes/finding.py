"""The failure patterns, and the result of one pattern's detector for all images."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.special import expit


class Pattern(StrEnum):
    """Cause of a wrong prediction; the value is shown to the user."""

    MISSING_FEATURE = "discriminative feature missed"
    IMAGE_QUALITY = "image quality"
    WRONG_LABEL = "wrong label"
    SPURIOUS_CUE = "spurious cue"
    UNDECIDED = "undecided"


#: Column of the diagnoses table that holds each pattern's score; ``<column>_reason`` says why.
COLUMNS = {
    Pattern.IMAGE_QUALITY: "image_quality",
    Pattern.WRONG_LABEL: "wrong_label",
    Pattern.SPURIOUS_CUE: "spurious_cue",
    Pattern.MISSING_FEATURE: "missing_feature",
}
#: Below this score the best pattern is not accepted, and the image is undecided.
DECIDED = 0.5
#: Factor of a label's suspicion where one source is missing or disagrees: it stays below 0.5.
SINGLE_SOURCE = 0.49


@dataclass(frozen=True)
class Finding:
    """Score of one pattern for each image, with the reason in words.

    Parameters
    ----------
    score : ndarray of shape (X,), in [0, 1]
        0.5 is calibrated as "as likely as not" on the data sets that thresholds were chosen on.
    reason : callable
        From an image x to its evidence in one or two sentences, for any score.
    """

    score: np.ndarray
    reason: Callable[[int], str]


def squash(value: np.ndarray, middle: float, width: float) -> np.ndarray:
    """Return a score in [0, 1] that is 0.5 at ``middle`` and 0.73 one ``width`` above it."""
    return expit((np.asarray(value, float) - middle) / width)
