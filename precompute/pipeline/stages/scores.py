"""The score board of a run, as a file of it."""

import json

from fieldmarks.core.outputs import atomic_write
from fieldmarks.core.run.files import EVALUATION
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores.evaluation import evaluate
from fieldmarks.precompute.experimental.painted_changes import painted_changes
from fieldmarks.precompute.pipeline.registry import SCORES_SEED
from fieldmarks.precompute.pipeline.stages.painted_truth import write_painted_truth
from fieldmarks.precompute.pipeline.work import Work


def compute(work: Work) -> None:
    """Compute the stage ``scores``."""
    write_scores(work.read(), SCORES_SEED)


def write_scores(run: Run, seed: int) -> dict:
    """Score a run, write ``evaluation.json`` into it and return the scores.

    The truth of a painted world is written into its run first.

    Parameters
    ----------
    run : Run
        Finished, or still being written.
    seed : int
        Of resamples and random baselines.
    """
    write_painted_truth(run)
    evaluation = evaluate(run, seed=seed, changes=painted_changes(run))
    with atomic_write(run.folder / EVALUATION) as file:
        file.write(json.dumps(evaluation, indent=1, ensure_ascii=False).encode("utf-8"))
    return evaluation
