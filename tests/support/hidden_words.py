"""Runs in which some words are those of a column that pictures do not show."""

from collections.abc import Sequence

import numpy as np

from fieldmarks.core.run.run import Run


def with_hidden(run: Run, ts: Sequence[int]) -> Run:
    """Return a run whose attributes ``ts`` are words of a column that is not visible."""
    bias = np.array(run.array("presence_bias"))
    bias[list(ts)] = np.nan
    is_hidden = np.isin(np.arange(run.sizes["T"]), ts)
    attributes = run.attributes.assign(
        property=np.where(is_hidden, "season", run.attributes["noun"]), is_complete=is_hidden
    )
    return run.changed({"presence_bias": bias}, {"attributes": attributes})
