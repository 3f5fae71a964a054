"""Causes of failures, as a table of the run."""

from fieldmarks.core.causes.diagnosis import diagnose
from fieldmarks.precompute.pipeline.work import Work


def compute(work: Work) -> None:
    """Compute the stage ``diagnoses``."""
    work.writer.put_table("diagnoses", diagnose(work.read()))
