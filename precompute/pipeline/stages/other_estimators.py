"""The estimators that the default one is compared with."""

from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.precompute.pipeline.stages.estimates import estimated_by, put_sentences
from fieldmarks.precompute.pipeline.stages.evidence import put_heatmaps
from fieldmarks.precompute.pipeline.work import Work


def compute(work: Work) -> None:
    """Compute the stage ``other_estimators``."""
    others = work.inputs.settings.other_estimators
    if not (others and work.inputs.has_words):
        return
    inputs, writer = inputs_of(work.read()), work.writer
    for name, estimated in estimated_by(inputs, others, work.ranks):
        put_sentences(writer, inputs, name, estimated)
        put_heatmaps(writer, name, estimated)
