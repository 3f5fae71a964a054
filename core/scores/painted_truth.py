"""Which attributes a picture of a painted world has, whatever its captions say of it."""

import numpy as np

from fieldmarks.core.run.run import Run

#: A part is visible where so large a share of it is.
VISIBLE = 0.3


def painted(run: Run) -> np.ndarray | None:
    """Return which attributes are visible in each image, shape (X, T), bool.

    None for photographs. An attribute that is visible nowhere is not of the painted truth.

    Parameters
    ----------
    run : Run
    """
    if "attribute_places" not in run.table_names:
        return None
    places = run.table("attribute_places")
    seen = places[places["visible"] > VISIBLE]
    is_visible = np.zeros((run.sizes["X"], run.sizes["T"]), bool)
    is_visible[seen["x"], seen["t"]] = True
    return is_visible
