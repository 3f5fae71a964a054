"""Causes of failures and groups of them, as tables of the run."""

from fieldmarks.core.causes.diagnosis import diagnose
from fieldmarks.precompute.pipeline.work import Work


def compute(work: Work) -> None:
    """Compute the stage ``diagnoses``."""
    for name, table in diagnose(work.read()).items():
        work.writer.put_table(name, table)
