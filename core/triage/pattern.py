"""The failure patterns that a diagnosis or a person can file an image under."""

from enum import StrEnum


class Pattern(StrEnum):
    """Why an answer is wrong; the value is what people read."""

    MISSING_FEATURE = "missing discriminative feature"
    IMAGE_QUALITY = "image quality"
    WRONG_LABEL = "wrong label"
    SPURIOUS_CUE = "spurious cue"
    UNDECIDED = "undecided"
