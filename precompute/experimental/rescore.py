"""Scores the experiments of a finished run."""

from fieldmarks.core.experimental.scores import (
    Experiments,
    score_experiments,
    tables,
    write_experiments,
)
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.experimental.painted_changes import painted_changes
from fieldmarks.precompute.resume.lock import locked

__all__ = ["score", "tables"]


def score(run: Run, seed: int = 0) -> Experiments:
    """Score the experiments of a run, write ``experimental.json`` and return the scores.

    Parameters
    ----------
    run : Run
    seed : int
        Of samples, controls and resamples.
    """
    with locked(run.folder.parent, run.name):
        experiments = score_experiments(run, seed, painted_changes(run))
        write_experiments(run, experiments)
    return experiments
