"""Whether a filter has a name: the result of the permutation test of its attributes."""

from enum import StrEnum

#: False discovery rate below which an attribute of a filter is significant and can name it.
MAX_Q = 0.05


class NameStatus(StrEnum):
    """What the test says of one filter; the value is what the table of filters holds."""

    NAMED = "named"
    SEVERAL = "several names"
    NONE = "no nameable attribute"
