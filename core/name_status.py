"""Whether a filter has a name: the result of the permutation test of its attributes."""

from enum import StrEnum

#: False discovery rate of all tests: below it an attribute names a filter, a region or a
#: background, and a slice is reported.
MAX_Q = 0.05

#: Columns of the table of what filters see where they are active.
SEEN_COLUMNS = {
    "t": ("int32", "the pair that the filter sees where it is active, -1 for none"),
    "adjective": ("str", "of that pair, or what it sees anywhere, empty for none"),
    "confidence": ("float32", "log place of the likeliest pair plus log share of captions"),
    "mass": ("float32", "largest sum of p(t given f) over an adjective, in [0, 1]"),
}


class NameStatus(StrEnum):
    """The result of the test for one filter; the table of filters holds the value."""

    NAMED = "named"
    SEVERAL = "several names"
    NONE = "unnamed"
