"""What gives the probability that an attribute is seen in an image."""

from dataclasses import asdict

import numpy as np

from fieldmarks.core.presence.columns import column_words
from fieldmarks.core.presence.fit import presence_arrays
from fieldmarks.core.presence.visible import visibilities
from fieldmarks.precompute.pipeline.work import Work
from fieldmarks.precompute.resume.stage import Computed


def compute(work: Work) -> Computed:
    """Compute the stage ``presence``; words of columns that are not visible are unknown."""
    if not work.inputs.has_words:
        return Computed()
    run = work.read()
    arrays, columns = presence_arrays(run), column_words(run)
    judged = visibilities(run)
    for each in judged:
        if not each.is_visible:
            arrays["presence_bias"] = np.array(arrays["presence_bias"])
            arrays["presence_bias"][columns[each.column]] = np.nan
    for name, array in arrays.items():
        work.writer.put(name, array)
    told = [each.told for each in judged if not each.is_visible]
    return Computed(measured={"columns": list(map(asdict, judged)), "not_visible": told})
