"""What gives the probability that an attribute is seen in an image."""

from fieldmarks.core.presence.fit import presence_arrays
from fieldmarks.precompute.pipeline.work import Work


def compute(work: Work) -> None:
    """Compute the stage ``presence``."""
    if not work.inputs.has_words:
        return
    for name, array in presence_arrays(work.read()).items():
        work.writer.put(name, array)
