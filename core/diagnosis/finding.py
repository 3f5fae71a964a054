"""The failure patterns, and what one detector says of all images."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np


class Pattern(StrEnum):
    """Why an answer is wrong; the value is what people read."""

    MISSING_FEATURE = "missing discriminative feature"
    IMAGE_QUALITY = "image quality"
    WRONG_LABEL = "wrong label"
    SPURIOUS_CUE = "spurious cue"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Finding:
    """How strongly one pattern shows in each image, and why.

    Parameters
    ----------
    score : ndarray of shape (X,), in [0, 1]
        0.5 is where the pattern is as likely as not, on the worlds that thresholds were chosen on.
    reason : callable
        From an image x to its evidence in one or two sentences, whatever the score.
    """

    score: np.ndarray
    reason: Callable[[int], str]


def squash(value: np.ndarray, middle: float, width: float) -> np.ndarray:
    """Return a score in (0, 1) that is 0.5 at ``middle`` and 0.73 one ``width`` above it."""
    return 1 / (1 + np.exp(-np.clip((np.asarray(value, float) - middle) / width, -50, 50)))
