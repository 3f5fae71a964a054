"""What heatmaps need of the default estimator: its evidence."""

from fieldmarks.core.estimators import Estimate
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.run.writer import RunWriter
from fieldmarks.precompute.pipeline.stages.estimates import estimated_by
from fieldmarks.precompute.pipeline.work import Work


def compute(work: Work) -> None:
    """Compute the stage ``evidence``."""
    if not work.inputs.has_words:
        return
    inputs, name = inputs_of(work.read()), work.inputs.settings.default_estimator
    for _, estimated in estimated_by(inputs, [name], work.ranks):
        put_heatmaps(work.writer, name, estimated)


def put_heatmaps(writer: RunWriter, name: str, estimated: Estimate) -> None:
    """Write what heatmaps need of an estimator."""
    writer.put(f"evidence/{name}", estimated.evidence)
    writer.put(f"evidence_bias/{name}", estimated.evidence_bias)
